import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '@talaria/core/testing'
import { temporaryHome } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { startGateway, type Gateway } from '../testing/gateway.ts'

const KEY = 'a-key-that-outlives-the-process-0123456789'

/** Of Debian's package faketime. */
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'

interface Run {
  readonly state: string
  readonly cause: string
  readonly scheduled_for: string
  readonly error: { readonly code: string } | null
}

/** The runs of a job, newest first. */
const runsOf = async ({ api }: Gateway, id: string): Promise<readonly Run[]> => (await api.get(`/api/jobs/${id}/runs?limit=200`)).json.runs

async function make({ api }: Gateway, schedule: string, body: object = {}): Promise<string> {
  const { json } = await api.post('/api/jobs', { name: 'a job', prompt: '!say done', schedule, ...body })
  return json.job.id
}

const whenEnded = (gateway: Gateway, id: string, count: number) =>
  until(`${count} runs of ${id}`, 30_000, async () => {
    const runs = await runsOf(gateway, id)
    return runs.length >= count && runs.every(({ state }) => state !== 'queued' && state !== 'running') && runs
  })

test('two gateways on one home fire each time once', { timeout: 60_000 }, async () => {
  using home = temporaryHome()
  await using one = await startGateway({ home: home.path, key: KEY })
  await using two = await startGateway({ home: home.path, key: KEY })
  const ids = await Promise.all([1, 2, 3, 4].map(() => make(one, 'every 1s', { overlap: 'queue' })))
  await Promise.all(ids.map((id) => whenEnded(two, id, 2)))
  for (const id of ids) {
    const slots = (await runsOf(one, id)).map(({ scheduled_for: slot }) => slot)
    expect(new Set(slots).size).toBe(slots.length)
  }
  const sessions = (await one.api.get('/api/sessions?source=cron&limit=200')).json.data as { metadata: { cron_run_id: string } }[]
  // A session a run: none was begun twice.
  expect(new Set(sessions.map(({ metadata }) => metadata.cron_run_id)).size).toBe(sessions.length)
})

test('a gateway that is killed during a run leaves it unknown, and its time is not run again', { timeout: 60_000 }, async () => {
  using home = temporaryHome()
  await using first = await startGateway({ home: home.path, key: KEY })
  const id = await make(first, 'in 1s', { prompt: '!hang' })
  await until('the run is under way', 10_000, async () => (await runsOf(first, id))[0]?.state === 'running')
  await first.process.stop('SIGKILL')
  await using second = await startGateway({ home: home.path, key: KEY })
  expect(await whenEnded(second, id, 1)).toMatchObject([{ state: 'unknown', error: { code: 'gateway_died' } }])
  expect((await second.api.get(`/api/jobs/${id}`)).json.job).toMatchObject({ last_status: 'error', last_state: 'unknown', failure_streak: 1 })
  await sleep(500)
  expect(await runsOf(second, id)).toHaveLength(1)
})

// Waits for real minutes' worth of ticks.
test.skipIf(!existsSync(FAKETIME) || !process.env.TALARIA_TEST_FULL)(
  'a clock that jumps by three days, there and back, neither fires a time twice nor falls silent',
  { timeout: 180_000 },
  async () => {
    using home = temporaryHome()
    const clock = home.file('clock')
    const set = (offset: string) => writeFileSync(clock, offset)
    set('+0')
    await using gateway = await startGateway({
      home: home.path,
      key: KEY,
      env: { LD_PRELOAD: FAKETIME, FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_DONT_RESET: '1' },
    })
    const interval = await make(gateway, 'every 2s', { overlap: 'queue' })
    const minutely = await make(gateway, '* * * * *', { overlap: 'queue' })
    await whenEnded(gateway, interval, 2)
    for (const offset of ['+3d', '+0', '-3d', '+0']) {
      set(offset)
      const before = (await runsOf(gateway, interval)).length
      // The safety tick, and a few intervals.
      await until(`more runs at ${offset}`, 40_000, async () => (await runsOf(gateway, interval)).length >= before + 3)
    }
    for (const id of [interval, minutely]) {
      const slots = (await runsOf(gateway, id)).map(({ scheduled_for: slot }) => slot)
      expect(new Set(slots).size).toBe(slots.length)
    }
    expect((await runsOf(gateway, minutely)).length).toBeGreaterThanOrEqual(2)
    console.log(
      `figure: clock at +0, +3 d, +0, -3 d, +0: ${(await runsOf(gateway, interval)).length} runs of an interval of 2 s, ${(await runsOf(gateway, minutely)).length} of every minute, none twice`,
    )
  },
)
