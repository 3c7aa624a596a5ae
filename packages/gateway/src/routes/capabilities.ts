import { Hono } from 'hono'
import type { ApiContext, ApiEnv } from '../api/api-context.ts'
import { requireScope } from '../api/caller.ts'
import { operation } from '../api/operation.ts'
import { CHAT_UNSUPPORTED, COMPACT_UNSUPPORTED, INPUT_TOKENS_UNSUPPORTED, RESPONSES_UNSUPPORTED, type Unsupported } from '../openai/parameters.ts'

/** One route of the API. */
export interface Endpoint {
  readonly method: string
  readonly path: string
}

/** `/v1/capabilities`: what this server can do, for clients that adapt to it; with every route there is. */
export function capabilitiesRoutes(api: ApiContext, endpoints: () => readonly Endpoint[]) {
  return new Hono<ApiEnv>().get('/capabilities', operation({ tag: 'OpenAI', summary: 'What this server can do' }), (c) => {
    requireScope(c.get('caller'), 'read')
    return c.json({
      object: 'talaria.api_server.capabilities',
      platform: 'talaria',
      model: api.settings.modelName,
      auth: { type: 'bearer', required: true, scopes: ['read', 'chat', 'admin'] },
      runtime: { mode: 'server_agent', tool_execution: 'server_and_client' },
      features: FEATURES,
      headers: {
        session: 'X-Talaria-Session-Id',
        run: 'X-Talaria-Run-Id',
        user: 'X-Talaria-User',
        events: 'X-Talaria-Events',
        on_disconnect: 'X-Talaria-On-Disconnect',
        idempotency: 'Idempotency-Key',
      },
      unsupported_parameters: {
        '/v1/chat/completions': reasonsOf(CHAT_UNSUPPORTED),
        '/v1/responses': reasonsOf(RESPONSES_UNSUPPORTED),
        '/v1/responses/input_tokens': reasonsOf(INPUT_TOKENS_UNSUPPORTED),
        '/v1/responses/compact': reasonsOf(COMPACT_UNSUPPORTED),
      },
      limits: { max_concurrent_runs: api.settings.maxConcurrentRuns, max_body_bytes: api.settings.maxBodyBytes },
      endpoints: endpoints(),
    })
  })
}

const FEATURES = {
  chat_completions: true,
  chat_completions_streaming: true,
  client_tools: true,
  responses_api: true,
  responses_streaming: true,
  responses_background: true,
  responses_replay: true,
  conversations: true,
  run_submission: true,
  run_listing: true,
  run_events_sse: true,
  run_events_replay: true,
  run_stop: true,
  run_steer: true,
  run_approval_response: true,
  session_resources: true,
  session_chat: true,
  session_chat_streaming: true,
  session_fork: true,
  session_search: true,
  durable_idempotency: true,
  detach_on_disconnect: true,
  named_keys: true,
}

function reasonsOf(table: Readonly<Record<string, Unsupported>>) {
  return Object.fromEntries(Object.entries(table).map(([name, { why }]) => [name, why]))
}
