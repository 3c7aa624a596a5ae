import { until } from '@talaria/core/testing'
import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, test } from 'vitest'
import type { Json } from '../../test/api-client.ts'
import { startTestGateway, type TestGateway } from '../../test/start-test-gateway.ts'

checkForLeaks()

const UTC = { env: { TALARIA_TIMEZONE: 'UTC' } }
const DAILY = { name: 'Report', prompt: 'Report the weather', schedule: '0 9 * * *' }
const make = async (t: TestGateway, body: object = {}): Promise<Json> => (await t.api.json(t.api.post('/api/jobs', { ...DAILY, ...body }))).job
const runsOf = async (t: TestGateway, id: string): Promise<Json[]> => (await t.api.json(t.api.get(`/api/jobs/${id}/runs`))).runs

const ended = (t: TestGateway, id: string) =>
  until('the run to be over', 5_000, async () => {
    const [run] = await runsOf(t, id)
    return typeof run?.finished_at === 'string' && run
  })

test('a job is made, found, listed, changed and deleted', async () => {
  await using t = await startTestGateway(UTC)
  const response = await t.api.post('/api/jobs', { ...DAILY, repeat: 3, timeout_seconds: 90 })
  expect(response.status).toBe(200)
  const { job } = (await response.json()) as Json
  expect(job).toMatchObject({
    id: expect.stringMatching(/^job_[0-9a-f]{32}$/),
    name: 'Report',
    prompt: 'Report the weather',
    schedule: { kind: 'cron', expr: '0 9 * * *', display: '0 9 * * *', description: 'At 09:00, every day' },
    schedule_display: '0 9 * * *',
    timezone: 'UTC',
    repeat: { times: 3, completed: 0 },
    timeout_seconds: 90,
    catch_up: 'one',
    overlap: 'skip',
    deliver: 'session',
    enabled: true,
    state: 'scheduled',
    next_run_at: expect.stringMatching(/T09:00:00\.000Z$/),
    last_status: null,
  })
  expect((await t.api.json(t.api.get(`/api/jobs/${job.id}`))).job).toEqual(job)
  expect(await t.api.json(t.api.get('/api/jobs'))).toEqual({ object: 'list', jobs: [job], has_more: false, next_cursor: null })
  const changed = (await t.api.json(t.api.patch(`/api/jobs/${job.id}`, { name: 'Other', schedules: ['every 1h', '@daily'], repeat: null }))).job
  expect(changed).toMatchObject({ name: 'Other', prompt: 'Report the weather', schedule_display: 'every 1h; @daily', repeat: { times: null } })
  expect(Date.parse(changed.next_run_at) - Date.now()).toBeLessThanOrEqual(3_600_000)
  expect(await t.api.json(t.api.delete(`/api/jobs/${job.id}`))).toEqual({ ok: true })
  expect(await t.api.refusal(t.api.get(`/api/jobs/${job.id}`))).toEqual({ status: 404, code: 'job_not_found', param: 'id' })
})

test('a job runs when it is told to, and its run can be read with what it cost and said', async () => {
  await using t = await startTestGateway(UTC)
  const { id } = await make(t)
  const { job, run } = await t.api.json(t.api.post(`/api/jobs/${id}/run`))
  expect([job.id, run.job_id, run.cause, run.state]).toEqual([id, id, 'manual', 'queued'])
  await ended(t, id)
  const whole = (await t.api.json(t.api.get(`/api/jobs/${id}/runs/${run.id}`))).run
  expect(whole).toMatchObject({
    state: 'completed',
    output: 'You said: Report the weather',
    usage: { input_tokens: 3, output_tokens: 5 },
    error: null,
    attempt: 1,
  })
  expect(whole.duration_seconds).toBeGreaterThanOrEqual(0)
  expect((await t.api.json(t.api.get(`/v1/runs/${whole.run_id}`))).status).toBe('completed')
  expect((await t.api.json(t.api.get(`/api/sessions/${whole.session_id}`))).session).toMatchObject({ source: 'cron', title: 'Report' })
  expect((await t.api.json(t.api.get(`/api/jobs/${id}`))).job).toMatchObject({ last_status: 'ok', last_state: 'completed', failure_streak: 0 })
  expect(await t.api.refusal(t.api.get(`/api/jobs/${id}/runs/fire_x`))).toMatchObject({ status: 404, code: 'run_not_found' })
})

test('a job that is due fires by itself', async () => {
  await using t = await startTestGateway(UTC)
  const { id } = await make(t, { schedule: 'in 1s' })
  expect(await ended(t, id)).toMatchObject({ state: 'completed', cause: 'schedule' })
  expect((await t.api.json(t.api.get(`/api/jobs/${id}`))).job).toMatchObject({
    state: 'completed',
    enabled: false,
    repeat: { times: 1, completed: 1 },
    next_run_at: null,
  })
})

test('a paused job has no next time until it is resumed, in both ways of saying so', async () => {
  await using t = await startTestGateway(UTC)
  const { id, next_run_at: next } = await make(t)
  expect((await t.api.json(t.api.post(`/api/jobs/${id}/pause`))).job).toMatchObject({
    state: 'paused',
    enabled: false,
    next_run_at: null,
    paused_at: expect.any(String),
  })
  expect((await t.api.json(t.api.patch(`/api/jobs/${id}`, { prompt: 'Another' }))).job).toMatchObject({ state: 'paused', next_run_at: null })
  expect((await t.api.json(t.api.post(`/api/jobs/${id}/resume`))).job).toMatchObject({ state: 'scheduled', next_run_at: next, paused_at: null })
  expect((await t.api.json(t.api.patch(`/api/jobs/${id}`, { enabled: false }))).job.state).toBe('paused')
  expect((await t.api.json(t.api.patch(`/api/jobs/${id}`, { enabled: true }))).job).toMatchObject({ state: 'scheduled', next_run_at: next })
})

describe('what is wrong is refused, and the refusal names it', () => {
  test.for([
    ['no name', { name: undefined }, 'missing_required_parameter', 'name'],
    ['a name of 201 characters', { name: 'x'.repeat(201) }, 'invalid_value', 'name'],
    ['no prompt', { prompt: '' }, 'invalid_value', 'prompt'],
    ['no schedule', { schedule: undefined }, 'missing_required_parameter', 'schedule'],
    ['two ways of scheduling', { schedules: ['@daily'] }, 'mutually_exclusive_parameters', 'schedules'],
    ['a field that nobody knows', { workdir: '/' }, 'unknown_parameter', 'workdir'],
    ['skills, which there are not', { skills: ['x'] }, 'invalid_value', 'skills'],
    ['a zone that there is not', { timezone: 'Mars/Olympus' }, 'invalid_value', 'timezone'],
    ['no repetition at all', { repeat: 0 }, 'invalid_value', 'repeat'],
    ['a platform that there is not', { deliver: 'pigeon:7' }, 'invalid_value', 'deliver'],
    ['a policy that there is not', { overlap: 'perhaps' }, 'invalid_value', 'overlap'],
  ] as const)('%s', async ([_, body, code, param]) => {
    await using t = await startTestGateway(UTC)
    expect(await t.api.refusal(t.api.post('/api/jobs', { ...DAILY, ...body }))).toEqual({ status: 400, code, param })
  })

  test('a bad schedule, with the position of the fault', async () => {
    await using t = await startTestGateway(UTC)
    const errorOf = async (path: string, body: object) => ((await (await t.api.post(path, body)).json()) as Json).error
    expect(await errorOf('/api/jobs', { ...DAILY, schedule: '0 25 * * *' })).toMatchObject({ code: 'invalid_schedule', param: 'schedule', position: 2 })
    expect(await errorOf('/api/jobs/preview', { schedules: ['@daily', '0 9 * * MON,XYZ'] })).toMatchObject({ param: 'schedules[1]', position: 12 })
  })

  test('an id that is none with 400, one of nothing with 404', async () => {
    await using t = await startTestGateway(UTC)
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/run'],
      ['POST', '/pause'],
      ['GET', '/runs'],
    ] as const) {
      expect(await t.api.refusal(t.api.call(method, `/api/jobs/nope${path}`))).toEqual({ status: 400, code: 'invalid_value', param: 'id' })
      expect(await t.api.refusal(t.api.call(method, `/api/jobs/job_${'0'.repeat(32)}${path}`))).toEqual({ status: 404, code: 'job_not_found', param: 'id' })
    }
    const { id } = await make(t)
    expect(await t.api.refusal(t.api.patch(`/api/jobs/${id}`, {}))).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(await t.api.refusal(t.api.patch(`/api/jobs/${id}`, { schedule: 'never' }))).toMatchObject({ status: 400, code: 'invalid_schedule' })
  })
})

test('schedules can be tried out before anything is made of them', async () => {
  await using t = await startTestGateway(UTC)
  const preview = await t.api.json(t.api.post('/api/jobs/preview', { schedule: '30 2 * * MON', timezone: 'Europe/Berlin', count: 3 }))
  expect(preview).toMatchObject({ timezone: 'Europe/Berlin', schedules: [{ kind: 'cron', description: 'At 02:30, only on Monday' }] })
  expect(preview.next).toHaveLength(3)
  expect(preview.next[0]).toEqual({ at: expect.stringMatching(/:30:00\.000Z$/), local: expect.stringMatching(/^Monday.*02:30:00/) })
  expect(await t.api.json(t.api.get('/api/jobs'))).toMatchObject({ jobs: [] })
})

test('a request with a key is done once', async () => {
  await using t = await startTestGateway(UTC)
  const headers = { 'idempotency-key': 'k1' }
  const [first, second] = await Promise.all([1, 2].map(() => t.api.json(t.api.post('/api/jobs', DAILY, { headers }))))
  expect(first).toEqual(second)
  const { id } = first.job
  await Promise.all([1, 2, 3].map(() => t.api.json(t.api.post(`/api/jobs/${id}/run`, undefined, { headers }))))
  await ended(t, id)
  expect(await runsOf(t, id)).toHaveLength(1)
})

test('jobs are their owner’s, reading needs no more than read, and chats are for admins', async () => {
  await using t = await startTestGateway(UTC)
  const keyOf = async (name: string, scopes: readonly string[]) => t.api.as((await t.api.json(t.api.post('/api/keys', { name, scopes }))).key)
  const [mine, other, reader] = await Promise.all([keyOf('mine', ['chat']), keyOf('other', ['chat']), keyOf('reader', ['read'])])
  const { job } = await mine.json(mine.post('/api/jobs', DAILY))
  expect((await other.json(other.get('/api/jobs'))).jobs).toEqual([])
  expect(await other.refusal(other.post(`/api/jobs/${job.id}/run`))).toMatchObject({ status: 404 })
  expect(await other.refusal(other.delete(`/api/jobs/${job.id}`))).toMatchObject({ status: 404 })
  expect((await t.api.json(t.api.get('/api/jobs'))).jobs).toHaveLength(1)
  expect(await reader.refusal(reader.post('/api/jobs', DAILY))).toMatchObject({ status: 403, code: 'insufficient_scope' })
  expect(await mine.refusal(mine.post('/api/jobs', { ...DAILY, deliver: 'home' }))).toMatchObject({ status: 403, code: 'insufficient_scope' })
  expect((await make(t, { deliver: 'home, origin' })).deliver).toBe('home,origin')
})

test('runs and jobs come page by page, and what waits is listed', async () => {
  await using t = await startTestGateway({ env: { ...UTC.env, TALARIA_CRON: 'false' } })
  const jobs = [await make(t), await make(t), await make(t)]
  const page = await t.api.json(t.api.get('/api/jobs?limit=2'))
  expect([page.jobs.map(({ id }: Json) => id), page.has_more]).toEqual([[jobs[0].id, jobs[1].id], true])
  expect((await t.api.json(t.api.get(`/api/jobs?limit=2&after=${page.next_cursor}`))).jobs.map(({ id }: Json) => id)).toEqual([jobs[2].id])
  for (const _ of [1, 2, 3]) await t.api.json(t.api.post(`/api/jobs/${jobs[0].id}/run`))
  const runs = await t.api.json(t.api.get(`/api/jobs/${jobs[0].id}/runs?limit=2`))
  expect([runs.runs.length, runs.has_more]).toEqual([2, true])
  // This gateway fires nothing: what is to be run waits for one that does.
  expect((await t.api.json(t.api.get('/api/jobs/queue'))).data.map(({ state }: Json) => state)).toEqual(['queued', 'queued', 'queued'])
})

test('metrics tell what is due, waits and runs, and what became of it', async () => {
  await using t = await startTestGateway(UTC)
  const { id } = await make(t)
  await t.api.json(t.api.post(`/api/jobs/${id}/run`))
  await ended(t, id)
  const text = await (await t.api.get('/metrics')).text()
  for (const line of [
    'talaria_cron_jobs_due 0',
    'talaria_cron_runs_queued 0',
    'talaria_cron_runs_running 0',
    'talaria_cron_late_seconds 0',
    'talaria_cron_runs_begun_total 1',
    'talaria_cron_runs_settled_total{state="completed"} 1',
  ])
    expect(text).toContain(line)
})
