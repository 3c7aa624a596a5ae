import { limitSchema } from '@talaria/core/http'
import type { ResponseWithItems, Turn } from '@talaria/db'
import { Hono, type Context } from 'hono'
import { z } from 'zod'
import { admit } from '../api/admit.ts'
import { awaitTurn, streamTurn, turnHeaders } from '../api/answer-turn.ts'
import type { ApiContext, ApiEnv } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import { requireScope, type Caller } from '../api/caller.ts'
import type { Idempotency } from '../api/idempotency.ts'
import { parseInput, readBody } from '../api/json-body.ts'
import { operation } from '../api/operation.ts'
import { listOf } from '../api/paging.ts'
import { startResponse, type ResponseRecord, type StartedResponse } from '../api/start-response.ts'
import { failureOf } from '../api/turn-failure.ts'
import { RESPONSES_UNSUPPORTED } from '../openai/parameters.ts'
import { responseOf, unansweredResponseOf } from '../openai/response-envelope.ts'
import { ResponseFrames, type ResponseRendering } from '../openai/response-frames.ts'
import { ResponseRequest } from '../openai/response-request.ts'
import { settledResponse } from '../openai/settled-response.ts'
import type { TerminalStatus } from '../turns/terminal-status.ts'
import { TurnAborted } from '../turns/turn-aborted.ts'

const RetrieveQuery = z.object({
  stream: z.stringbool().default(false).describe('Replay the events instead of the response as a whole'),
  starting_after: z.coerce.number().int().min(-1).optional().describe('With stream: only events after this sequence number'),
})

const InputItemsQuery = z.object({
  limit: limitSchema(20, 100),
  order: z.enum(['asc', 'desc']).default('desc'),
  after: z.string().optional().describe('The id of the last item of the page before'),
})

/** `/v1/responses`: create, retrieve, replay, cancel, delete, and the items of its input. */
export function responsesRoutes(api: ApiContext, idempotency: Idempotency) {
  return new Hono<ApiEnv>()
    .post(
      '/responses',
      operation({ tag: 'OpenAI', summary: 'Create a response', body: ResponseRequest, streams: true, sessionHeaders: true, idempotent: true }),
      async (c) => {
        const caller = c.get('caller')
        requireScope(caller, 'chat')
        admit(c, api)
        const body = await readBody(c, ResponseRequest, RESPONSES_UNSUPPORTED)
        if (body.background && body.store === false) {
          throw new ApiError('invalid_value', 'A background response must be stored: leave store out, or set it to true.', { param: 'store' })
        }
        let begun: StartedResponse | undefined
        return idempotency.starting(
          c,
          async (claim) => {
            begun = await startResponse(c, api, body, claim)
            return begun.turn
          },
          (turn) => answer(c, api, turn, begun?.envelope),
        )
      },
    )
    .get(
      '/responses/:id',
      operation({ tag: 'OpenAI', summary: 'Retrieve a response, or replay its events', query: RetrieveQuery, streams: true }),
      async (c) => {
        const caller = c.get('caller')
        requireScope(caller, 'read')
        const query = parseInput(RetrieveQuery, c.req.query())
        const response = await find(api, caller, c.req.param('id'))
        if (!query.stream) return c.json(responseJson(api, response))
        const turn = await api.stores.turns.get(response.turnId, { all: true })
        if (!turn) throw new ApiError('not_found', 'The events of this response are not kept any more; retrieve it without stream.')
        return stream(api, turn, renderingOf(turn, response.envelope), query.starting_after)
      },
    )
    .delete('/responses/:id', operation({ tag: 'OpenAI', summary: 'Delete a response' }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'chat')
      const id = c.req.param('id')
      const response = await find(api, caller, id)
      api.turns.stop(response.turnId, new TurnAborted('cancelled', 'response_deleted', 'The response was deleted before it was complete.'))
      if (!(await api.stores.responses.delete(id, caller.viewer))) throw responseNotFound(id)
      return c.json({ id, object: 'response', deleted: true })
    })
    .post('/responses/:id/cancel', operation({ tag: 'OpenAI', summary: 'Cancel a background response' }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'chat')
      const response = await find(api, caller, c.req.param('id'))
      if (response.envelope['background'] !== true)
        throw new ApiError('response_not_cancellable', 'Only responses with background set can be cancelled; end this one by closing its connection.')
      const live = api.turns.live(response.turnId)
      if (live) {
        api.turns.stop(response.turnId, new TurnAborted('cancelled', 'cancelled', 'The response was cancelled.'))
        await live.settled
      }
      const after = await find(api, caller, response.id)
      if (after.status === 'in_progress') throw new ApiError('run_not_active', `Response '${after.id}' runs in another gateway of this home; cancel it there.`)
      return c.json(responseJson(api, after))
    })
    .get('/responses/:id/input_items', operation({ tag: 'OpenAI', summary: "List the items of a response's input", query: InputItemsQuery }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'read')
      const query = parseInput(InputItemsQuery, c.req.query())
      const { input } = await find(api, caller, c.req.param('id'))
      const items = query.order === 'desc' ? input.toReversed() : input
      const from = query.after === undefined ? 0 : items.findIndex((item) => item.id === query.after) + 1
      if (query.after !== undefined && from === 0)
        throw new ApiError('invalid_pagination', `No item with id '${query.after}' in this response.`, { param: 'after' })
      return c.json(listOf(items.slice(from, from + query.limit), items.length > from + query.limit))
    })
}

/** @param begun the envelope, where this request began it; a repetition knows what is stored */
async function answer(c: Context<ApiEnv>, api: ApiContext, turn: Turn, begun: StartedResponse['envelope'] | undefined): Promise<Response> {
  const request = turn.request as unknown as ResponseRecord
  const envelope = begun ?? request.envelope ?? (await api.stores.responses.ofTurn(turn.id))?.envelope ?? {}
  const rendering = renderingOf(turn, envelope)
  if (request.stream) return stream(api, turn, rendering, undefined)
  if (request.background) return c.json(unansweredResponseOf(rendering, 'queued'), 200, turnHeaders(turn))
  const outcome = await awaitTurn(c, api, turn)
  const failure = failureOf(outcome)
  if (failure) throw failure
  const { turn: settled, events } = outcome
  const ending = settledResponse(request.responseId, envelope, {
    status: settled.status as TerminalStatus,
    finishReason: settled.finishReason,
    error: settled.error,
    events,
    finishedAt: settled.updatedAt,
  })
  return c.json(responseOf({ ...rendering, ...ending, completedAt: settled.finishedAt }), 200, turnHeaders(turn))
}

function stream(api: ApiContext, turn: Turn, rendering: ResponseRendering, startingAfter: number | undefined): Response {
  const frames = new ResponseFrames({ ...rendering, ...(startingAfter !== undefined && { startingAfter }) })
  // Sequence numbers are what a client comes back with, so nothing is sent that a crash could take back.
  return streamTurn(api, turn, (events) => frames.render(events), { durable: turn.request['envelope'] === undefined, onError: errorFrame })
}

function errorFrame({ code, message, param }: ApiError): string {
  return `event: error\ndata: ${JSON.stringify({ type: 'error', code, message, param })}\n\n`
}

function renderingOf(turn: Turn, envelope: ResponseRendering['envelope']): ResponseRendering {
  const request = turn.request as unknown as ResponseRecord
  return {
    id: request.responseId,
    createdAt: turn.createdAt,
    previousResponseId: request.previousResponseId ?? null,
    conversationId: request.conversationId ?? null,
    envelope,
    isBackground: request.background,
  }
}

/** A response as it is now: where its turn is still under way, what of it is known. */
function responseJson(api: ApiContext, response: ResponseWithItems): Record<string, unknown> {
  const status = response.status === 'in_progress' && api.turns.live(response.turnId)?.isWaiting ? 'queued' : response.status
  return responseOf({ ...response, status })
}

async function find(api: ApiContext, caller: Caller, id: string): Promise<ResponseWithItems> {
  const response = await api.stores.responses.get(id, caller.viewer)
  if (!response) throw responseNotFound(id)
  return response
}

function responseNotFound(id: string): ApiError {
  return new ApiError('response_not_found', `Response with id '${id}' not found.`, { param: 'response_id' })
}
