import { createId } from '@talaria/core'
import type { Turn, TurnEvent } from '@talaria/db'
import { Hono, type Context } from 'hono'
import { z } from 'zod'
import { admit } from '../api/admit.ts'
import { awaitTurn, onDisconnectOf, streamTurn, turnHeaders } from '../api/answer-turn.ts'
import type { ApiContext, ApiEnv } from '../api/api-context.ts'
import { requireScope } from '../api/caller.ts'
import type { Idempotency, IdempotencyClaim } from '../api/idempotency.ts'
import { readBody } from '../api/json-body.ts'
import { operation } from '../api/operation.ts'
import { usageJson } from '../api/run-events.ts'
import { instructionsOf, newMessageOf } from '../api/placement.ts'
import { SessionStream } from '../api/session-stream.ts'
import { failureOf } from '../api/turn-failure.ts'
import { MessageContent, userMessageOf } from '../api/user-message.ts'
import { findSession } from './sessions.ts'

const ChatRequest = z.strictObject({
  message: MessageContent.optional(),
  input: MessageContent.optional().describe('The same as message'),
  system_message: z.string().nullish(),
  instructions: z.string().nullish().describe('The same as system_message'),
  model: z.string().max(256).nullish(),
  on_disconnect: z.enum(['cancel', 'continue']).nullish(),
})

/** `/api/sessions/{id}/chat`: one message into a stored conversation, answered as a whole or as a stream. */
export function sessionChatRoutes(api: ApiContext, idempotency: Idempotency) {
  return new Hono<ApiEnv>()
    .post('/sessions/:id/chat', operation({ tag: 'Sessions', summary: 'Say something in a session', body: ChatRequest, idempotent: true }), (c) => {
      const respond = async (accepted: Turn) => {
        const settled = await awaitTurn(c, api, accepted)
        const failure = failureOf(settled)
        if (failure) throw failure
        const { turn, summary } = settled
        return c.json(
          {
            object: 'talaria.session.chat.completion',
            session_id: turn.sessionId,
            run_id: turn.id,
            message: { role: 'assistant', content: summary.text },
            status: turn.status,
            error: turn.error,
            usage: usageJson(summary.usage),
            runtime: { model: turn.model },
          },
          200,
          turnHeaders(turn),
        )
      }
      return start(c, api, idempotency, respond)
    })
    .post(
      '/sessions/:id/chat/stream',
      operation({ tag: 'Sessions', summary: 'Say something in a session, and follow the answer', body: ChatRequest, streams: 'only', idempotent: true }),
      (c) => {
        const respond = (turn: Turn) => {
          const stream = new SessionStream(turn)
          return streamTurn(api, turn, (events: readonly TurnEvent[]) => stream.render(events), { durable: true })
        }
        return start(c, api, idempotency, respond)
      },
    )
}

async function start(
  c: Context<ApiEnv, '/sessions/:id/chat'>,
  api: ApiContext,
  idempotency: Idempotency,
  respond: (turn: Turn) => Response | Promise<Response>,
): Promise<Response> {
  const caller = c.get('caller')
  requireScope(caller, 'chat')
  admit(c, api)
  const session = await findSession(api, caller, c.req.param('id'))
  const body = await readBody(c, ChatRequest)
  const message = userMessageOf(body.message ?? body.input, body.message === undefined && body.input !== undefined ? 'input' : 'message')
  const begin = async (claim: IdempotencyClaim | undefined) => {
    const { turn } = await api.turns.start({
      session: { id: session.id },
      owner: caller.owner,
      kind: 'session',
      model: body.model ?? session.model ?? api.settings.modelName,
      history: 'stored',
      messages: [newMessageOf(message)],
      agent: instructionsOf(session, body.system_message ?? body.instructions),
      request: { messageId: createId('msg'), userMessage: message.content, onDisconnect: onDisconnectOf(c, body.on_disconnect) },
      ...(claim && { idempotency: claim }),
    })
    return turn
  }
  return idempotency.starting(c, begin, respond)
}
