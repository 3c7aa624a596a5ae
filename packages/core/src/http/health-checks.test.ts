import { expect, test } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { createHealthChecks, type HealthCheck } from './health-checks.ts'

const forever = () => new Promise<void>(() => {})
const soon = () => Promise.resolve()

function runnerOf(...checks: HealthCheck[]) {
  const clock = new FakeClock()
  return { clock, run: createHealthChecks(checks, { clock }) }
}

test('a check is ok when it resolves, degraded when it says so, failed when it rejects or throws', async () => {
  const { run, clock } = runnerOf(
    { name: 'fine', run: soon },
    { name: 'slow disk', run: async () => ({ status: 'degraded', detail: '92 % full' }) },
    { name: 'rejects', run: () => Promise.reject(new Error('no postgres://u:hunter2hunter2@db')) },
    {
      name: 'throws',
      run: () => {
        throw new Error('at once')
      },
    },
  )
  expect(await run()).toEqual([
    { name: 'fine', status: 'ok', detail: null, ms: 0 },
    { name: 'slow disk', status: 'degraded', detail: '92 % full', ms: 0 },
    { name: 'rejects', status: 'failed', detail: 'no postgres://[redacted]@db', ms: 0 },
    { name: 'throws', status: 'failed', detail: 'at once', ms: 0 },
  ])
  expect(clock.sleeping).toBe(0)
})

test('all run at once, so that two slow ones take as long as one', async () => {
  const clock = new FakeClock()
  const slow = (name: string) => ({ name, run: () => clock.delay(1_500) })
  const reports = createHealthChecks([slow('a'), slow('b')], { clock })()
  await clock.advance(1_500)
  expect((await reports).map(({ status, ms }) => [status, ms])).toEqual([
    ['ok', 1_500],
    ['ok', 1_500],
  ])
})

test('one that hangs has failed by its deadline and is told to stop; the others are not held up beyond it', async () => {
  let told = false
  const { run, clock } = runnerOf(
    { name: 'hangs', run: (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => ((told = true), reject(new Error('stopped'))))) },
    { name: 'patient', deadlineMs: 5_000, run: forever },
    { name: 'fine', run: soon },
  )
  const reports = run()
  await clock.advance(5_000)
  expect((await reports).map(({ name, status, detail, ms }) => [name, status, detail, ms])).toEqual([
    ['hangs', 'failed', 'no answer within 2000 ms', 2_000],
    ['patient', 'failed', 'no answer within 5000 ms', 5_000],
    ['fine', 'ok', null, 0],
  ])
  expect(told).toBe(true)
})

test('one that still hangs is not started again, however often it is asked for', async () => {
  let starts = 0
  let release = () => {}
  const { run, clock } = runnerOf({ name: 'hangs', run: () => (starts++, new Promise<void>((resolve) => (release = resolve))) })
  const first = run()
  await clock.advance(10_000)
  await first
  for (let poll = 0; poll < 100; poll++) expect(await run()).toMatchObject([{ status: 'failed', detail: 'still has not answered after 10 s' }])
  expect(starts).toBe(1)
  release()
  await clock.advance(0)
  const again = run()
  release()
  expect(await again).toMatchObject([{ status: 'ok' }])
  expect(starts).toBe(2)
})

test('those who ask at the same time share one run', async () => {
  let starts = 0
  const clock = new FakeClock()
  const run = createHealthChecks([{ name: 'counted', run: () => (starts++, clock.delay(10)) }], { clock })
  const all = Promise.all([run(), run(), run()])
  await clock.advance(10)
  for (const reports of await all) expect(reports).toMatchObject([{ status: 'ok', ms: 10 }])
  expect(starts).toBe(1)
})
