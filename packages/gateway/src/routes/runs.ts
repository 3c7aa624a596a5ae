import type { AgentMessage } from '@talaria/agent'
import { createId } from '@talaria/core'
import { limitSchema } from '@talaria/core/http'
import type { Turn, TurnStatus } from '@talaria/db'
import { Hono, type Context } from 'hono'
import { z } from 'zod'
import { admit } from '../api/admit.ts'
import { streamTurn, turnHeaders } from '../api/answer-turn.ts'
import type { ApiContext, ApiEnv } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import { requireScope, type Caller } from '../api/caller.ts'
import type { Idempotency, IdempotencyClaim } from '../api/idempotency.ts'
import { parseInput, readBody } from '../api/json-body.ts'
import { operation } from '../api/operation.ts'
import { ourHeader } from '../api/our-headers.ts'
import { listOf } from '../api/paging.ts'
import { runEventOf, usageJson } from '../api/run-events.ts'
import { instructionsOf, newMessageOf, placeInSession } from '../api/placement.ts'
import { MessageContent, userMessageOf } from '../api/user-message.ts'
import { responseContext } from '../openai/response-context.ts'
import { isTerminal } from '../turns/terminal-status.ts'
import { TurnAborted } from '../turns/turn-aborted.ts'
import { noteStatus } from '../turns/note-status.ts'

const STATUSES = [
  'queued',
  'running',
  'waiting_for_approval',
  'stopping',
  'completed',
  'incomplete',
  'failed',
  'cancelled',
  'interrupted',
] as const satisfies readonly TurnStatus[]

const HistoryMessage = z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: MessageContent })

const RunRequest = z.strictObject({
  input: z
    .union([
      z.string(),
      z
        .array(z.union([z.string(), HistoryMessage]))
        .min(1)
        .max(10_000),
    ])
    .describe('The message; of an array the last element, and what came before it'),
  instructions: z.string().nullish(),
  session_id: z.string().max(256).nullish().describe('Continue this session, or begin it'),
  previous_response_id: z.string().max(256).nullish(),
  conversation_history: z.array(HistoryMessage).max(10_000).nullish().describe('What came before, instead of the stored history'),
  model: z.string().max(256).nullish(),
})

const ListQuery = z.object({
  limit: limitSchema(50, 200),
  status: z
    .string()
    .optional()
    .transform((list) => list?.split(','))
    .pipe(z.array(z.enum(STATUSES)).optional())
    .describe(`One of ${STATUSES.join(', ')}, or several with commas`),
  session_id: z.string().optional(),
  after: z.string().optional().describe('The id of the last run of the page before'),
})

const EventsQuery = z.object({ after: z.coerce.number().int().min(0).optional().describe('Only events after this sequence number') })
const Steer = z.strictObject({ input: z.string().optional(), message: z.string().optional(), text: z.string().optional() })
const APPROVALS = { once: 'once', session: 'session', always: 'session', deny: 'deny', approve: 'once', approved: 'once', allow: 'once' } as const
const Approval = z.strictObject({
  choice: z.string(),
  approval_id: z.string().optional(),
  all: z.boolean().optional(),
  resolve_all: z.boolean().optional(),
})

/** `/v1/runs`: turns that go on without a connection, and can be found, followed, steered and stopped from anywhere. */
export function runsRoutes(api: ApiContext, idempotency: Idempotency) {
  return new Hono<ApiEnv>()
    .post('/runs', operation({ tag: 'Runs', summary: 'Submit a run', body: RunRequest, status: 202, sessionHeaders: true, idempotent: true }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'chat')
      admit(c, api)
      const body = await readBody(c, RunRequest)
      return idempotency.starting(
        c,
        (claim) => submit(c, api, body, claim),
        (turn) => c.json({ run_id: turn.id, object: 'talaria.run', status: 'started', session_id: turn.sessionId }, 202, turnHeaders(turn)),
      )
    })
    .get('/runs', operation({ tag: 'Runs', summary: 'List runs, newest first', query: ListQuery }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'read')
      const { limit, status, session_id: sessionId, after } = parseInput(ListQuery, c.req.query())
      const turns = await api.stores.turns.list(caller.viewer, {
        limit: limit + 1,
        ...(status && { status }),
        ...(sessionId !== undefined && { sessionId }),
        ...(after !== undefined && { after }),
      })
      return c.json(listOf(turns.slice(0, limit).map(runJson), turns.length > limit))
    })
    .get('/runs/:id', operation({ tag: 'Runs', summary: 'Get a run' }), async (c) => {
      requireScope(c.get('caller'), 'read')
      return c.json(runJson(await find(api, c.get('caller'), c.req.param('id'))))
    })
    .get('/runs/:id/events', operation({ tag: 'Runs', summary: 'Follow a run', query: EventsQuery, streams: 'only' }), async (c) => {
      requireScope(c.get('caller'), 'read')
      const turn = await find(api, c.get('caller'), c.req.param('id'))
      // The header wins: a browser that comes back sends it with the address it first asked, whatever that says.
      const after = lastEventId(c) ?? parseInput(EventsQuery, c.req.query()).after ?? 0
      return streamTurn(api, turn, (events) => events.map((event) => `id: ${event.seq}\ndata: ${JSON.stringify(runEventOf(turn, event))}\n\n`).join(''), {
        after,
        durable: true,
        end: ': stream closed\n\n',
      })
    })
    .post('/runs/:id/steer', operation({ tag: 'Runs', summary: 'Say something to a run while it works', body: Steer }), async (c) => {
      requireScope(c.get('caller'), 'chat')
      const turn = await find(api, c.get('caller'), c.req.param('id'))
      const body = await readBody(c, Steer)
      const text = body.input ?? body.message ?? body.text ?? ''
      if (text.trim() === '') throw new ApiError('invalid_steer_input', "'input' must hold the text to add.", { param: 'input' })
      if (!api.turns.steer(turn.id, text)) throw notHere(api, turn, 'run_not_accepting_steer')
      return c.json({ object: 'talaria.run.steer', run_id: turn.id, accepted: true })
    })
    .post('/runs/:id/stop', operation({ tag: 'Runs', summary: 'Stop a run' }), async (c) => {
      requireScope(c.get('caller'), 'chat')
      const turn = await find(api, c.get('caller'), c.req.param('id'))
      if (isTerminal(turn.status)) return c.json({ run_id: turn.id, status: turn.status })
      if (!api.turns.stop(turn.id, new TurnAborted('cancelled', 'stopped', 'The run was stopped.'))) throw notHere(api, turn, 'run_not_active')
      await noteStatus(turn, 'stopping', { turns: api.stores.turns, log: api.log, from: ['queued', 'running', 'waiting_for_approval'] })
      return c.json({ run_id: turn.id, status: 'stopping' })
    })
    .post('/runs/:id/approval', operation({ tag: 'Runs', summary: 'Answer what a run asks', body: Approval }), async (c) => {
      requireScope(c.get('caller'), 'chat')
      const turn = await find(api, c.get('caller'), c.req.param('id'))
      const body = await readBody(c, Approval)
      if (!Object.hasOwn(APPROVALS, body.choice)) throw new ApiError('invalid_approval_choice', "'choice' must be once, session or deny.", { param: 'choice' })
      const choice = APPROVALS[body.choice as keyof typeof APPROVALS]
      const all = body.all === true || body.resolve_all === true
      const resolved = api.turns.answerApproval(turn.id, choice, { all, ...(body.approval_id !== undefined && { id: body.approval_id }) })
      if (resolved === 0) throw new ApiError('approval_not_pending', `Run '${turn.id}' asks nothing at the moment.`)
      return c.json({ object: 'talaria.run.approval_response', run_id: turn.id, choice, resolved })
    })
}

async function submit(c: Context<ApiEnv>, api: ApiContext, body: z.output<typeof RunRequest>, claim: IdempotencyClaim | undefined): Promise<Turn> {
  const caller = c.get('caller')
  const spoken = spokenOf(body.input)
  const message = spoken.at(-1)!
  const base = { source: 'api', owner: caller.owner, model: body.model ?? api.settings.modelName }
  const context =
    body.previous_response_id == null ? undefined : await responseContext(api, caller, { previous_response_id: body.previous_response_id }, { mayBegin: false })
  const sessionId = body.session_id ?? ourHeader(c, 'Session-Id') ?? context?.previous?.sessionId
  const { known, ...place } =
    sessionId === undefined
      ? { known: undefined, session: { create: { ...base, id: createId('ses') } }, history: [] }
      : await placeInSession(api, caller, sessionId, base)
  const said = body.conversation_history
    ? body.conversation_history.map((one, index) => historyMessage(one, `conversation_history[${index}]`))
    : spoken.slice(0, -1)
  const { turn } = await api.turns.start({
    ...place,
    ...(context ? { history: context.past } : said.length > 0 && { history: said }),
    owner: caller.owner,
    kind: 'run',
    model: body.model ?? known?.model ?? api.settings.modelName,
    messages: [newMessageOf(message)],
    agent: instructionsOf(known, body.instructions),
    request: { onDisconnect: 'continue' },
    ...(claim && { idempotency: claim }),
  })
  return turn
}

function spokenOf(input: z.output<typeof RunRequest>['input']): readonly AgentMessage[] {
  if (!Array.isArray(input)) return [userMessageOf(input, 'input')]
  return input.map((one, index) => {
    const param = `input[${index}]`
    if (typeof one === 'string') return userMessageOf(one, param)
    return index === input.length - 1 ? userMessageOf(one.content, param) : historyMessage(one, param)
  })
}

function historyMessage(message: z.output<typeof HistoryMessage>, param: string): AgentMessage {
  return { ...userMessageOf(message.content, param), role: message.role }
}

/** A run as it goes over the wire. */
function runJson(turn: Turn) {
  return {
    id: turn.id,
    object: 'talaria.run',
    run_id: turn.id,
    status: turn.status,
    kind: turn.kind,
    session_id: turn.sessionId,
    model: turn.model,
    created_at: turn.createdAt / 1000,
    updated_at: turn.updatedAt / 1000,
    finished_at: turn.finishedAt === null ? null : turn.finishedAt / 1000,
    output: turn.output,
    finish_reason: turn.finishReason,
    usage: usageJson(turn.usage),
    error: turn.error,
  }
}

function lastEventId(c: Context<ApiEnv>): number | undefined {
  const header = c.req.header('last-event-id')
  if (header === undefined || header === '') return undefined
  if (!/^\d{1,15}$/.test(header)) throw new ApiError('invalid_header', 'Last-Event-ID must be the id of an event of this run.', { param: 'Last-Event-ID' })
  return Number(header)
}

function notHere(api: ApiContext, turn: Turn, code: 'run_not_active' | 'run_not_accepting_steer'): ApiError {
  const why =
    turn.finishedAt !== null ? `has ended (${turn.status})` : turn.runner === api.turns.runnerId ? 'is ending' : 'runs in another gateway of this home'
  return new ApiError(code, `Run '${turn.id}' ${why}.`)
}

async function find(api: ApiContext, caller: Caller, id: string): Promise<Turn> {
  const turn = await api.stores.turns.get(id, caller.viewer)
  if (!turn) throw new ApiError('run_not_found', `Run '${id}' not found.`, { param: 'run_id' })
  return turn
}
