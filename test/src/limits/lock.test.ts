import { setTimeout as sleep } from 'node:timers/promises'
import { startChild } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import type { ApiClient } from '../testing/api-client.ts'
import { useGateway } from '../testing/use-gateway.ts'

const LOCK_MS = 3_000
const BEAT_MS = 20

const shared = useGateway()

/** @see hermes-agent #40695, #74478: a lock that another process held froze the event loop, /health with it. */
test('while another process holds the lock for 3 s, /health goes on, reading works, and writing waits and is then done', { timeout: 60_000 }, async () => {
  const { api, home } = shared.gateway
  const stored = await api.post('/v1/responses', { input: '!say before' })
  const undisturbed = await beatsIn(api, LOCK_MS / 2)

  await using holder = startChild('hold-lock', [`${home}/gateway.db`, String(LOCK_MS)])
  await holder.printed('locked')
  const writing = api.post('/v1/responses', { input: '!say after' })
  let isWritten = false
  void writing.then(() => (isWritten = true))
  const beats = await beatsIn(api, LOCK_MS - 500)
  expect((await api.get(`/v1/responses/${stored.json.id}`)).json).toEqual(stored.json)
  expect(isWritten).toBe(false)
  await holder.printed('released')
  expect(await writing).toMatchObject({ status: 200, json: { status: 'completed' } })

  const share = beats / (LOCK_MS - 500) / (undisturbed / (LOCK_MS / 2))
  console.log(`figure: /health beats at ${(share * 100).toFixed(0)} % of its usual rate while another process holds the lock`)
  expect(share).toBeGreaterThan(2 / 3)
})

/** How often /health answers within this time, asked every 20 ms. */
async function beatsIn(api: ApiClient, ms: number): Promise<number> {
  const end = performance.now() + ms
  let beats = 0
  while (performance.now() < end) {
    expect((await api.get('/health')).status).toBe(200)
    beats++
    await sleep(BEAT_MS)
  }
  return beats
}
