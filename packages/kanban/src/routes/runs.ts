import { join } from 'node:path'
import { limitSchema } from '@talaria/core/http'
import { BoardError, type Run, type RunWish } from '@talaria/db'
import { Hono, type Context } from 'hono'
import { z } from 'zod'
import { actorOf } from './caller.ts'
import type { KanbanApi, KanbanEnv } from './kanban-api.ts'
import { logTail, type LogTail } from './log-tail.ts'
import { operation } from './operation.ts'
import { readJson, readQuery } from './read-json.ts'
import { taskOf } from './task-of.ts'

const TranscriptQuery = z.strictObject({
  after: z.coerce.number().int().min(-1).default(-1).describe('seq of the last entry of the page before'),
  limit: limitSchema(200, 1_000),
})
const LogQuery = z.strictObject({ tail: limitSchema(100_000, 2_000_000) })
const SteerInput = z.strictObject({ text: z.string().max(100_000) })
const WishInput = z.strictObject({ reason: z.string().max(4_000).default('') })

const WISHES: Readonly<Record<RunWish, string>> = {
  stop: 'Have a worker stop; its task is blocked until somebody says otherwise',
  pause: 'Have a worker pause',
  resume: 'Have a worker go on',
}
const NO_LOG: LogTail = { exists: false, bytes: 0, text: '', isTruncated: false }

/** `/{board}/runs`: attempts at tasks, what their workers say, and what is said to them. */
export function runsRoutes({ logsFolder }: KanbanApi) {
  const routes = new Hono<KanbanEnv>()
    .get('/runs', operation({ tag: 'Runs', summary: 'List attempts that are under way' }), async (c) =>
      c.json({ runs: (await c.get('stores').claims.open()).map(({ run }) => run) }),
    )
    .get('/tasks/:task/runs', operation({ tag: 'Runs', summary: 'List the attempts at a task, the first one first' }), async (c) => {
      const { number } = await taskOf(c)
      return c.json({ runs: await c.get('stores').claims.ofTask(number) })
    })
    .get('/runs/:run', operation({ tag: 'Runs', summary: 'Get an attempt' }), async (c) => c.json({ run: await runOf(c) }))
    .get('/runs/:run/transcript', operation({ tag: 'Runs', summary: 'List what a worker says, page by page', query: TranscriptQuery }), async (c) => {
      const { id, endedAt } = await runOf(c)
      const { after, limit } = readQuery(c, TranscriptQuery)
      const found = await c.get('stores').transcripts.list(id, { after, limit: limit + 1 })
      const entries = found.slice(0, limit)
      return c.json({ entries, nextAfter: entries.at(-1)?.seq ?? after, hasMore: found.length > limit, isOver: endedAt !== null })
    })
    .get('/runs/:run/log', operation({ tag: 'Runs', summary: "Get the end of a worker's log", query: LogQuery }), async (c) => {
      const { id } = await runOf(c)
      const { tail } = readQuery(c, LogQuery)
      return c.json(logsFolder === undefined ? NO_LOG : await logTail(join(logsFolder, c.get('board').slug, `${id}.log`), tail))
    })
    .post('/runs/:run/steer', operation({ tag: 'Runs', summary: 'Say something to a worker', body: SteerInput }), async (c) => {
      const { text } = await readJson(c, SteerInput)
      const steering = await c.get('stores').claims.steer(c.req.param('run'), text, actorOf(c))
      if (!steering) throw isOver(c)
      return c.json({ steering })
    })
  for (const [wish, summary] of Object.entries(WISHES) as [RunWish, string][]) {
    routes.post(`/runs/:run/${wish}`, operation({ tag: 'Runs', summary, body: WishInput }), async (c) => {
      const { reason } = await readJson(c, WishInput)
      const { claims } = c.get('stores')
      const actor = actorOf(c)
      if (!(await claims.wish({ runId: c.req.param('run'), wish, reason: reason || `${actor} asked for it`, actor }))) throw isOver(c)
      return c.json({ run: await runOf(c) })
    })
  }
  return routes
}

/** @throws BoardError `RUN_NOT_FOUND` */
async function runOf(c: Context<KanbanEnv>): Promise<Run> {
  const id = c.req.param('run') ?? ''
  const run = await c.get('stores').claims.get(id)
  if (run) return run
  throw new BoardError('RUN_NOT_FOUND', `There is no run '${id.slice(0, 80)}' on this board.`)
}

function isOver(c: Context<KanbanEnv>): BoardError {
  return new BoardError('CLAIM_LOST', `Run '${(c.req.param('run') ?? '').slice(0, 80)}' is over, or is to stop.`)
}
