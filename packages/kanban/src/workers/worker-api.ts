import { codeOf, type Clock, type Log } from '@talaria/core'
import { BoardError, invalidField, MAX_ATTACHMENT_BYTES, type OpenRun } from '@talaria/db'
import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { streamSSE, type SSEStreamingApi } from 'hono/streaming'
import { z } from 'zod'
import type { KanbanSettings } from '../settings.ts'
import { kanbanToolDefinitions } from '../tools/tool-definitions.ts'
import type { KanbanTool } from '../tools/tool.ts'
import { BudgetWatch } from './budget-watch.ts'
import type { CompletionOptions } from './completion.ts'
import { Heartbeats } from './heartbeats.ts'
import { runAnswerOf } from './run-answer.ts'
import type { RunEnds } from './run-ends.ts'
import { WishStreams } from './wish-streams.ts'
import type { WorkerDefinition } from './worker-definition.ts'
import {
  BlockBody,
  CompleteBody,
  FailBody,
  HeartbeatBody,
  RequestChangesBody,
  RequestReviewBody,
  TranscriptBody,
  type FileAnswer,
  type ToolAnswer,
} from './worker-protocol.ts'
import { refusalOf, UnknownWorkerError } from './worker-refusal.ts'
import { readToken } from './worker-token.ts'

/** A file of the largest size as Base64 in JSON, and what is around it. */
const MOST_BODY_BYTES = Math.ceil((MAX_ATTACHMENT_BYTES * 4) / 3) + 1_048_576

export interface WorkerApiOptions extends Pick<CompletionOptions, 'storesOf' | 'prepare' | 'failed'> {
  readonly settings: Pick<KanbanSettings, 'lease'>
  readonly workerOf: (assignee: string) => WorkerDefinition | undefined
  readonly tools: readonly KanbanTool[]
  readonly completion: RunEnds
  /** Called after an attempt has ended: there may be room for another. */
  readonly onChange: () => void
  /** Ends the streams, when the service stops; workers come back. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Log
}

interface WorkerEnv {
  Variables: { open: OpenRun }
}

/**
 * What workers ask of the dispatcher, for its Unix socket. Whoever asks shows the token of one attempt, and sees and changes
 * what that attempt may: when it is over, 409 `CLAIM_LOST` is the answer to everything but a repeated end.
 */
export function createWorkerApi(options: WorkerApiOptions): Hono<WorkerEnv> {
  const { storesOf, settings, completion, tools, failed, onChange, clock, log, signal } = options
  const heartbeats = new Heartbeats({ storesOf, leaseMs: settings.lease, budgets: new BudgetWatch({ storesOf, failed, clock }), clock })
  const wishes = new WishStreams({ storesOf, log })
  const toolsByName = new Map(tools.map((tool) => [tool.name, tool]))

  /** An end: what has been spent is booked first, so that it is known what is new of what it says. */
  const end =
    <Body>(schema: z.ZodType<Body>, say: (open: OpenRun, said: Body) => Promise<object>) =>
    async (c: Context<WorkerEnv>) => {
      const open = c.get('open')
      const said = await bodyOf(c, schema)
      await heartbeats.settled(open.claim.board)
      const answer = await say(open, said)
      onChange()
      return c.json(answer)
    }

  return new Hono<WorkerEnv>()
    .onError((error, c) => {
      // What was under way is said again to the one that comes after us.
      if (signal.aborted) return c.json({ error: { code: 'STOPPING', message: 'The dispatcher is stopping. Ask again.' } }, 503)
      const { status, body } = refusalOf(error, log)
      return c.json(body, status)
    })
    .use(async (c, next) => {
      c.set('open', await authenticate(c, storesOf))
      await next()
    })
    .use(bodyLimit({ maxSize: MOST_BODY_BYTES, onError: (c) => c.json(refusalOf(invalidField('body', `at most ${MOST_BODY_BYTES} bytes`), log).body, 413) }))
    .post(
      '/run/complete',
      end(CompleteBody, (open, said) => completion.complete(open, said)),
    )
    .post(
      '/run/block',
      end(BlockBody, (open, said) => completion.block(open, said)),
    )
    .post(
      '/run/request-review',
      end(RequestReviewBody, (open, said) => completion.requestReview(open, said)),
    )
    .post(
      '/run/request-changes',
      end(RequestChangesBody, (open, said) => completion.requestChanges(open, said)),
    )
    .post(
      '/run/fail',
      end(FailBody, (open, said) => completion.fail(open, said)),
    )
    .use(async (c, next) => {
      const { claim, run } = c.get('open')
      if (run.endedAt !== null) throw new BoardError('CLAIM_LOST', `Run ${claim.runId} is over (${run.outcome}).`)
      await next()
    })
    .get('/run', async (c) => {
      const open = c.get('open')
      const pid = z.coerce.number().int().positive().optional().catch(undefined).parse(c.req.query('pid'))
      const { workerOf, prepare } = options
      return c.json(await runAnswerOf(open, pid, { stores: storesOf(open.claim.board), workerOf, prepare, leaseMs: settings.lease, clock }))
    })
    .post('/run/heartbeat', async (c) => c.json(await heartbeats.beat(c.get('open'), await bodyOf(c, HeartbeatBody))))
    .post('/run/transcript', async (c) => {
      const { claim } = c.get('open')
      await storesOf(claim.board).transcripts.append(claim, (await bodyOf(c, TranscriptBody)).entries)
      return c.json({ ok: true })
    })
    .post('/run/files', async (c) => {
      const { claim } = c.get('open')
      const mediaType = c.req.header('content-type')
      const bytes = new Uint8Array(await c.req.arrayBuffer())
      const file = { name: c.req.query('name') ?? 'file', bytes, claim, ...(mediaType !== undefined && { mediaType: mediaType.slice(0, 200) }) }
      const { id, name, bytes: size } = await storesOf(claim.board).attachments.add(claim.taskNumber, file, `worker:${claim.runId}`)
      return c.json({ attachment: { id, name, bytes: size } } satisfies FileAnswer)
    })
    .get('/run/wishes', (c) => {
      const after = z.coerce.number().int().min(0).optional().catch(undefined).parse(c.req.header('last-event-id'))
      const tell = async (stream: SSEStreamingApi) => {
        const gone = new AbortController()
        stream.onAbort(() => gone.abort('the worker has gone'))
        for await (const { id, event } of wishes.follow(c.get('open'), { after, signal: AbortSignal.any([signal, gone.signal]) })) {
          await stream.writeSSE({ event: event.type, data: JSON.stringify(event), ...(id !== undefined && { id: String(id) }) })
        }
      }
      return streamSSE(c, tell, async (error) => log.warn({ err: error }, 'a worker cannot be told what is wanted of it'))
    })
    .get('/tools', (c) => c.json({ tools: kanbanToolDefinitions('worker') }))
    .post('/tools/:name', async (c) => {
      const tool = toolsByName.get(c.req.param('name'))
      if (!tool) throw new BoardError('NOT_FOUND', `There is no tool ${c.req.param('name').slice(0, 80)}.`)
      const open = c.get('open')
      const input = await bodyOf(c, z.unknown())
      const context = { stores: storesOf(open.claim.board), actor: `worker:${open.claim.runId}`, worker: { open, ends: completion, leaseMs: settings.lease } }
      const result = (await tool.run(context, input)) ?? null
      onChange()
      return c.json({ result } satisfies ToolAnswer)
    })
    .notFound((c) => c.json({ error: { code: 'NOT_FOUND', message: 'There is nothing here.' } }, 404))
}

/** The attempt that a request is about. The secret is compared by its hash, in the database. */
async function authenticate(c: Context<WorkerEnv>, storesOf: WorkerApiOptions['storesOf']): Promise<OpenRun> {
  const token = readToken(/^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1] ?? '')
  if (!token) throw new UnknownWorkerError()
  try {
    const open = await storesOf(token.board).claims.ofToken(token.runId, token.hash)
    if (open) return open
  } catch (error) {
    // What a stranger calls a board is none.
    if (codeOf(error) !== 'BOARD_NOT_FOUND' && codeOf(error) !== 'INVALID') throw error
  }
  throw new UnknownWorkerError()
}

/** @throws BoardError `INVALID` that names the field */
async function bodyOf<Body>(c: Context<WorkerEnv>, schema: z.ZodType<Body>): Promise<Body> {
  const text = await c.req.text()
  let json: unknown
  try {
    json = text === '' ? {} : JSON.parse(text)
  } catch {
    throw invalidField('body', 'JSON')
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw invalidField(issue?.path.join('.') || 'body', issue?.message ?? 'something else')
}
