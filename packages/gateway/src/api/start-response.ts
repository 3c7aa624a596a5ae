import { createId } from '@talaria/core'
import type { Turn } from '@talaria/db'
import type { Context } from 'hono'
import { conversationSoFar, responseContext, type ResponseContext } from '../openai/response-context.ts'
import { envelopeOf } from '../openai/response-envelope.ts'
import { responseAgentOptionsOf, type ResponseRequestBody } from '../openai/response-request.ts'
import { settledResponse } from '../openai/settled-response.ts'
import { onDisconnectOf } from './answer-turn.ts'
import type { ApiContext, ApiEnv } from './api-context.ts'
import { ApiError } from './api-error.ts'
import type { Caller } from './caller.ts'
import type { IdempotencyClaim } from './idempotency.ts'
import { ourHeader } from './our-headers.ts'
import { instructionsOf, newMessageOf, placeInSession, type Placement } from './placement.ts'

/** Kept with the turn of a response: everything that is needed to render its answer again, when the response is not stored. */
export interface ResponseRecord {
  readonly responseId: string
  readonly stream: boolean
  readonly background: boolean
  readonly onDisconnect: 'cancel' | 'continue'
  /** Only for a response that is not stored; else it stands in its row. */
  readonly envelope?: Record<string, unknown>
  readonly previousResponseId?: string
  readonly conversationId?: string
}

/** A turn that answers a response, and what of the response is known before it is answered. */
export interface StartedResponse {
  readonly turn: Turn
  readonly envelope: Record<string, unknown>
}

/**
 * Starts the turn that answers a response.
 *
 * @throws ApiError for what is wrong with the request, and as `Turns.start` does.
 */
export async function startResponse(
  c: Context<ApiEnv>,
  api: ApiContext,
  body: ResponseRequestBody,
  claim: IdempotencyClaim | undefined,
): Promise<StartedResponse> {
  const caller = c.get('caller')
  const { instructions, ...agent } = responseAgentOptionsOf(body)
  const context = await responseContext(api, caller, body, { mayBegin: true })
  if (context.present.length === 0 && context.past.length === 0)
    throw new ApiError('missing_required_parameter', "Missing required parameter: 'input'.", { param: 'input' })
  const { known, ...place } = await placeResponse(c, api, caller, context, body)
  const model = body.model ?? known?.model ?? api.settings.modelName
  const id = createId('resp', api.clock.now())
  const envelope = envelopeOf(body, model)
  const isStored = body.store !== false
  const links = {
    ...(context.previous && { previousResponseId: context.previous.id }),
    ...(context.conversation && { conversationId: context.conversation.id }),
  }
  const request: ResponseRecord = {
    responseId: id,
    stream: body.stream ?? false,
    background: body.background ?? false,
    onDisconnect: body.background ? 'continue' : onDisconnectOf(c, body.on_disconnect),
    ...(!isStored && { envelope }),
    ...links,
  }
  const { turn } = await api.turns.start({
    ...place,
    owner: caller.owner,
    kind: 'response',
    model,
    messages: context.present.map(newMessageOf),
    agent: { ...agent, ...instructionsOf(known, instructions) },
    request: { ...request },
    isToldAtEnd: !body.stream && !body.background,
    ...(claim && { idempotency: claim }),
    ...(isStored && {
      response: { ...links, id, status: 'in_progress' as const, expiresAt: expiryOf(api), envelope, input: context.input },
      settleResponse: (outcome) => settledResponse(id, envelope, outcome),
    }),
  })
  return { turn, envelope }
}

/** All responses of a chain or a conversation live in one session; instructions are not carried over, as OpenAI has it. */
async function placeResponse(
  c: Context<ApiEnv>,
  api: ApiContext,
  caller: Caller,
  { previous, conversation, past }: ResponseContext,
  body: ResponseRequestBody,
): Promise<Omit<Placement, 'messages'>> {
  const user = body.safety_identifier ?? body.user
  const base = { source: 'api', owner: caller.owner, model: body.model ?? api.settings.modelName, ...(user && { userId: user }) }
  const header = ourHeader(c, 'Session-Id')
  const chained = previous?.sessionId ?? conversation?.sessionId
  const known = chained == null ? undefined : await api.stores.sessions.get(chained, { all: true })
  // Of a conversation that is being answered now, more will have been said once it is this one's turn.
  const history = conversation ? () => conversationSoFar(api, conversation, body.truncation) : past
  if (known) return { session: { id: known.id }, history, known }
  if (header === undefined) return { session: { create: { ...base, id: createId('ses') } }, history, known }
  const place = await placeInSession(api, caller, header, base)
  // Without a chain the session's own history is what came before.
  return previous || conversation ? { ...place, history } : place
}

function expiryOf(api: ApiContext): number | null {
  const { responseTtlMs } = api.settings
  return responseTtlMs === undefined ? null : api.clock.now() + responseTtlMs
}
