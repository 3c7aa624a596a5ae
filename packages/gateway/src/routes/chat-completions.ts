import { Hono } from 'hono'
import type { Turn } from '@talaria/db'
import { admit } from '../api/admit.ts'
import { awaitTurn, onDisconnectOf, streamTurn, turnHeaders } from '../api/answer-turn.ts'
import type { ApiContext, ApiEnv } from '../api/api-context.ts'
import { requireScope } from '../api/caller.ts'
import type { Idempotency } from '../api/idempotency.ts'
import { readBody } from '../api/json-body.ts'
import { operation } from '../api/operation.ts'
import { instructionsOf, placeTranscript } from '../api/placement.ts'
import { ourHeader } from '../api/our-headers.ts'
import { failureOf } from '../api/turn-failure.ts'
import { agentMessagesOf, agentOptionsOf, ChatRequest } from '../openai/chat-request.ts'
import { chatCompletionOf, ChatStream, type ChatRendering } from '../openai/chat-stream.ts'
import { CHAT_UNSUPPORTED } from '../openai/parameters.ts'
import { textOf } from '../turns/agent-messages.ts'

/** `POST /v1/chat/completions`: OpenAI's oldest surface, over our sessions. */
export function chatCompletionsRoutes(api: ApiContext, idempotency: Idempotency) {
  return new Hono<ApiEnv>().post(
    '/chat/completions',
    operation({ tag: 'OpenAI', summary: 'Answer a conversation', body: ChatRequest, streams: true, sessionHeaders: true, idempotent: true }),
    async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'chat')
      admit(c, api)
      const body = await readBody(c, ChatRequest, CHAT_UNSUPPORTED)
      const complete = async (accepted: Turn) => {
        const settled = await awaitTurn(c, api, accepted)
        const failure = failureOf(settled)
        if (failure) throw failure
        const { turn, summary } = settled
        return c.json(chatCompletionOf(turn, renderingOf(turn), summary), 200, turnHeaders(turn))
      }
      return idempotency.starting(
        c,
        async (claim) => {
          const messages = agentMessagesOf(body)
          const model = body.model ?? api.settings.modelName
          const sessionId = ourHeader(c, 'Session-Id')
          const user = body.safety_identifier ?? body.user
          const { known, ...place } = await placeTranscript(api, caller, messages, {
            model,
            ...(sessionId !== undefined && { sessionId }),
            ...(user && { user }),
          })
          const instructions = messages
            .filter((message) => message.role === 'system')
            .map((message) => textOf(message.content))
            .join('\n')
          const rendering: ChatRendering = {
            model,
            includeUsage: body.stream_options?.include_usage ?? false,
            extended: ourHeader(c, 'Events') === 'extended',
          }
          const { turn } = await api.turns.start({
            ...place,
            owner: caller.owner,
            kind: 'chat',
            model,
            agent: { ...agentOptionsOf(body), ...instructionsOf(known, instructions) },
            request: {
              ...rendering,
              stream: body.stream ?? false,
              onDisconnect: onDisconnectOf(c, body.on_disconnect),
              ...(body.metadata && { metadata: body.metadata }),
            },
            isToldAtEnd: !body.stream,
            ...(claim && { idempotency: claim }),
          })
          return turn
        },
        (turn) => (turn.request['stream'] ? streamChat(api, turn) : complete(turn)),
      )
    },
  )
}

function renderingOf(turn: Turn): ChatRendering {
  return turn.request as unknown as ChatRendering
}

function streamChat(api: ApiContext, turn: Turn): Response {
  const stream = new ChatStream(turn, renderingOf(turn))
  return streamTurn(api, turn, (events) => stream.render(events), {
    durable: false,
    onError: (refusal) => `data: ${JSON.stringify(refusal.body())}\n\ndata: [DONE]\n\n`,
  })
}
