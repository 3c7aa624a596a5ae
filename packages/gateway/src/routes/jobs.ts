import { createId } from '@talaria/core'
import { limitSchema } from '@talaria/core/http'
import { nextSlots } from '@talaria/core/schedule'
import type { CronJob, CronRun, KeptAnswer } from '@talaria/db'
import { Hono, type Context } from 'hono'
import { z } from 'zod'
import type { ApiContext, ApiEnv } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import { requireScope } from '../api/caller.ts'
import type { Idempotency } from '../api/idempotency.ts'
import { parseInput, readBody } from '../api/json-body.ts'
import { operation } from '../api/operation.ts'
import type { Cron } from '../cron/create-cron.ts'
import { newDefinition, type JobDefaults } from '../cron/new-definition.ts'
import { CreateJob, definitionOf, deliverOf, missingSchedule, PreviewJob, schedulesOf, UpdateJob } from '../cron/job-input.ts'
import { jobJson, jobRunJson, runSummaryJson, scheduleJson } from '../cron/job-json.ts'
import { planNext } from '../cron/plan-next.ts'

/** What fires jobs, and what they are. */
export interface Jobs {
  readonly cron: Cron
  readonly defaults: JobDefaults
}

const PageQuery = z.object({ limit: limitSchema(50, 200), after: z.string().optional().describe('next_cursor of the page before') })

/** A job may be fired between the moment it is read and the moment it is changed; then it is read again, so often at most. */
const UPDATE_ATTEMPTS = 5

/** `/api/jobs`: work that is done at set times. */
export function jobsRoutes(api: ApiContext, idempotency: Idempotency, { cron, defaults }: Jobs) {
  const { cron: store, cronRuns: runs } = api.stores
  return new Hono<ApiEnv>()
    .get('/jobs', operation({ tag: 'Jobs', summary: 'List jobs, oldest first', query: PageQuery }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'read')
      const { limit, after } = parseInput(PageQuery, c.req.query())
      const found = await store.list(caller.viewer, { limit: limit + 1, ...(after !== undefined && { after }) })
      return c.json(pageOf('jobs', found, { limit, json: jobJson }))
    })
    .post('/jobs', operation({ tag: 'Jobs', summary: 'Make a job', body: CreateJob, idempotent: true }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'chat')
      const body = await readBody(c, CreateJob)
      const deliver = deliverOf(body.deliver, { caller, platforms: cron.platforms }) ?? ['session']
      const definition = newDefinition(body, { deliver, defaults, now: api.clock.now() })
      const make = async (kept?: KeptAnswer<CronJob>) => {
        const now = api.clock.now()
        const job = { ...definition, id: createId('job', now), owner: caller.owner }
        const made = await store.create({ ...job, ...planNext(job, { now }) }, now, kept)
        cron.wake()
        return made
      }
      return idempotency.making(c, make, (job) => ({ status: 200, json: { job: jobJson(job) } }))
    })
    .get('/jobs/queue', operation({ tag: 'Jobs', summary: 'List runs that wait or are under way' }), async (c) => {
      requireScope(c.get('caller'), 'read')
      return c.json({ object: 'list', data: (await runs.queue(c.get('caller').viewer, 1_000)).map(runSummaryJson) })
    })
    .post('/jobs/preview', operation({ tag: 'Jobs', summary: 'Show what schedules mean, and their next times', body: PreviewJob }), async (c) => {
      requireScope(c.get('caller'), 'read')
      const body = await readBody(c, PreviewJob)
      const timezone = body.timezone ?? defaults.timezone
      const now = api.clock.now()
      const schedules = schedulesOf(body, { now, timezone }) ?? missingSchedule()
      const next = nextSlots({ schedules, timezone }, now, body.count)
      return c.json({ object: 'talaria.job.preview', timezone, schedules: schedules.map(scheduleJson), next: next.map((at) => timeJson(at, timezone)) })
    })
    .get('/jobs/:id', operation({ tag: 'Jobs', summary: 'Get a job' }), async (c) => {
      requireScope(c.get('caller'), 'read')
      return c.json({ job: jobJson(await find(c, api)) })
    })
    .patch('/jobs/:id', operation({ tag: 'Jobs', summary: 'Change a job', body: UpdateJob }), async (c) => {
      requireScope(c.get('caller'), 'chat')
      const body = await readBody(c, UpdateJob)
      if (Object.keys(body).length === 0) throw new ApiError('invalid_request', 'Name at least one field to change.')
      const job = await update(c, api, body, cron)
      cron.wake()
      return c.json({ job: jobJson(job) })
    })
    .delete('/jobs/:id', operation({ tag: 'Jobs', summary: 'Delete a job with its history' }), async (c) => {
      requireScope(c.get('caller'), 'chat')
      const id = jobIdOf(c)
      if (!(await store.remove(id, c.get('caller').viewer, api.clock.now()))) throw jobNotFound(id)
      cron.wake()
      return c.json({ ok: true })
    })
    .post('/jobs/:id/pause', operation({ tag: 'Jobs', summary: 'Have a job fire no more until it is resumed', idempotent: true }), async (c) => {
      requireScope(c.get('caller'), 'chat')
      const id = jobIdOf(c)
      return idempotency.once(c, async () => c.json({ job: jobJson((await cron.actions.pause(id, c.get('caller').viewer)) ?? raise(jobNotFound(id))) }))
    })
    .post('/jobs/:id/resume', operation({ tag: 'Jobs', summary: 'Have a job fire again', idempotent: true }), async (c) => {
      requireScope(c.get('caller'), 'chat')
      const id = jobIdOf(c)
      return idempotency.once(c, async () => {
        const job = (await cron.actions.resume(id, c.get('caller').viewer)) ?? raise(jobNotFound(id))
        cron.wake()
        return c.json({ job: jobJson(job) })
      })
    })
    .post('/jobs/:id/run', operation({ tag: 'Jobs', summary: 'Run a job now', idempotent: true }), async (c) => {
      requireScope(c.get('caller'), 'chat')
      const id = jobIdOf(c)
      type Fired = { job: CronJob; run: CronRun }
      const make = async (kept?: KeptAnswer<Fired>) => {
        const fired = (await cron.actions.run(id, c.get('caller').viewer, kept)) ?? raise(jobNotFound(id))
        cron.wake()
        return fired
      }
      return idempotency.making(c, make, ({ job, run }: Fired) => ({ status: 200, json: { job: jobJson(job), run: jobRunJson(run) } }))
    })
    .get('/jobs/:id/runs', operation({ tag: 'Jobs', summary: 'List the runs of a job, newest first', query: PageQuery }), async (c) => {
      requireScope(c.get('caller'), 'read')
      const job = await find(c, api)
      const { limit, after } = parseInput(PageQuery, c.req.query())
      return c.json(pageOf('runs', await runs.list(job.id, { limit: limit + 1, ...(after !== undefined && { after }) }), { limit, json: runSummaryJson }))
    })
    .get('/jobs/:id/runs/:run', operation({ tag: 'Jobs', summary: 'Get a run of a job, with its output' }), async (c) => {
      requireScope(c.get('caller'), 'read')
      const job = await find(c, api)
      const run = (await runs.get(job.id, c.req.param('run'))) ?? raise(new ApiError('run_not_found', `Job '${job.id}' has no run '${c.req.param('run')}'.`))
      return c.json({ run: jobRunJson(run) })
    })
}

/** Changes a job as it is at that moment. */
async function update(c: Context<ApiEnv>, api: ApiContext, body: z.output<typeof UpdateJob>, cron: Cron): Promise<CronJob> {
  const caller = c.get('caller')
  for (let attempt = 1; ; attempt += 1) {
    const job = await find(c, api)
    const now = api.clock.now()
    const timezone = body.timezone ?? job.timezone
    const schedules = schedulesOf(body, { now, timezone })
    const deliver = deliverOf(body.deliver, { caller, platforms: cron.platforms })
    const changes = { ...definitionOf(body), ...(schedules && { schedules }), ...(deliver && { deliver }) }
    const state = body.enabled === undefined ? job.state : body.enabled ? 'scheduled' : 'paused'
    const plan = state === 'paused' ? { state, plan: { plannedAt: now, nextSlot: null, nextDueAt: null } } : cron.actions.replanned({ ...job, ...changes })
    const changed = await api.stores.cron.update(job.id, caller.viewer, { ...changes, ...plan, revision: job.revision }, now)
    if (changed) return changed
    if (attempt === UPDATE_ATTEMPTS) throw new ApiError('storage_unavailable', 'The job changes faster than it can be changed. Try again shortly.')
  }
}

/** @throws ApiError `job_not_found` also for somebody else's. */
async function find(c: Context<ApiEnv>, api: ApiContext): Promise<CronJob> {
  const id = jobIdOf(c)
  return (await api.stores.cron.get(id, c.get('caller').viewer)) ?? raise(jobNotFound(id))
}

function jobIdOf(c: Context<ApiEnv>): string {
  const id = c.req.param('id') ?? ''
  if (!/^job_[0-9a-f]{32}$/.test(id)) throw new ApiError('invalid_value', 'That is no id of a job.', { param: 'id' })
  return id
}

function jobNotFound(id: string): ApiError {
  return new ApiError('job_not_found', `Job '${id}' not found.`, { param: 'id' })
}

function raise(error: Error): never {
  throw error
}

function pageOf<Item extends { readonly id: string }>(
  name: 'jobs' | 'runs',
  found: readonly Item[],
  { limit, json }: { readonly limit: number; readonly json: (item: Item) => unknown },
) {
  const page = found.slice(0, limit)
  const hasMore = found.length > limit
  return { object: 'list', [name]: page.map(json), has_more: hasMore, next_cursor: hasMore ? page.at(-1)!.id : null }
}

/** A time for machines, and for the people of a zone. */
function timeJson(at: number, timeZone: string) {
  const local = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'full', timeStyle: 'long' }).format(at)
  return { at: new Date(at).toISOString(), local }
}
