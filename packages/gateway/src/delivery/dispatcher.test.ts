import { silentLog, type Clock } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import { checkForLeaks, openTestDatabases } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import type { Platform } from '../platforms/platform.ts'
import { PlatformError } from '../platforms/platform-error.ts'
import { TwinService } from '../platforms/twin/twin-service.ts'
import { Dispatcher } from './dispatcher.ts'

checkForLeaks()

const DAY_MS = 24 * 3_600_000
const address = { platform: 'twin', account: 'twin-bot', chatId: 'chat-1', threadId: '' }

test('what waited while its platform was down for a day is tried ten times before it is given up', async () => {
  const time = new FakeClock()
  let passed = 0
  const clock: Clock = { now: () => time.now() + passed, monotonic: () => time.monotonic(), delay: (ms, signal) => time.delay(ms, signal) }
  await using databases = openTestDatabases({ clock })
  const stores = databases.databases.gateway
  await stores.outbound.add([{ id: 'one', group: 'one', chunk: 0, kind: 'notice', text: 'one', attachments: [], address }])
  passed = DAY_MS + 1
  await using _ = new Dispatcher({ platform: 'twin', stores, runner: { id: 'runner' }, connected: () => refusing(clock), clock, log: silentLog })
  const seen = new Map<number, string>()
  for (let second = 0; second < 900 && !seen.has(10); second++) {
    await time.advance(1_000)
    let row = await stores.outbound.get('one')
    for (; row!.state === 'sending'; await new Promise(setImmediate)) row = await stores.outbound.get('one')
    seen.set(row!.attempts, row!.state)
  }
  expect(seen.get(1)).toBe('pending')
  expect(seen.get(9)).toBe('pending')
  expect(seen.get(10)).toBe('dead')
})

function refusing(clock: Clock): Platform {
  const service = new TwinService({ clock })
  const refuse = () => Promise.reject(new PlatformError('server_error', 'It is not well.'))
  const capabilities = { threads: true, edits: false, typing: false, reactions: false, files: false, voice: false, maxLength: service.maxLength }
  return {
    account: service.account,
    capabilities: { ...capabilities, markup: 'markdown', editEveryMs: 0, commandPrefix: '/' },
    send: refuse,
    probe: refuse,
  }
}
