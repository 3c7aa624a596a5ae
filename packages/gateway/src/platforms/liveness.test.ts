import { silentLog } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { scriptedConnection } from '../../test/open-supervisor.ts'
import { startLiveness } from './liveness.ts'
import type { PlatformError } from './platform-error.ts'

test('a probe that was cut short by the end of the connection says nothing about it', async () => {
  const clock = new FakeClock()
  const lost: PlatformError[] = []
  let probes = 0
  const platform = scriptedConnection(async (signal) => {
    probes += 1
    if (probes === 1) throw new Error('no answer')
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
  })
  const liveness = startLiveness(platform, { clock, log: silentLog, onLost: (error) => lost.push(error) })
  await clock.advance(60_000)
  await liveness[Symbol.asyncDispose]()
  expect([probes, lost]).toEqual([2, []])
})
