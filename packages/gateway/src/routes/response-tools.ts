import { createId } from '@talaria/core'
import { Hono } from 'hono'
import { admit } from '../api/admit.ts'
import { onClientGone, type ApiContext, type ApiEnv } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import { requireScope } from '../api/caller.ts'
import type { Idempotency } from '../api/idempotency.ts'
import { readBody } from '../api/json-body.ts'
import { operation } from '../api/operation.ts'
import { COMPACT_UNSUPPORTED, INPUT_TOKENS_UNSUPPORTED } from '../openai/parameters.ts'
import { compact } from '../openai/compact.ts'
import { responseContext } from '../openai/response-context.ts'
import { CompactRequest, InputTokensRequest, responseAgentOptionsOf } from '../openai/response-request.ts'
import { responseUsageOf } from '../openai/response-usage.ts'
import { estimateTokens } from '../openai/token-estimate.ts'

/** What helps clients keep a long conversation within a model's limits: `/v1/responses/input_tokens` and `/compact`. */
export function responseToolsRoutes(api: ApiContext, idempotency: Idempotency) {
  return new Hono<ApiEnv>()
    .post('/responses/input_tokens', operation({ tag: 'OpenAI', summary: 'Estimate the tokens of a request', body: InputTokensRequest }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'read')
      const body = await readBody(c, InputTokensRequest, INPUT_TOKENS_UNSUPPORTED)
      const { past, present } = await responseContext(api, caller, body, { mayBegin: false })
      const { clientTools, instructions } = responseAgentOptionsOf(body)
      const system = instructions === undefined ? [] : [{ role: 'system' as const, content: instructions }]
      return c.json({ object: 'response.input_tokens', input_tokens: estimateTokens([...system, ...past, ...present], clientTools) })
    })
    .post(
      '/responses/compact',
      operation({ tag: 'OpenAI', summary: 'Compact a conversation into fewer tokens', body: CompactRequest, idempotent: true }),
      async (c) => {
        const caller = c.get('caller')
        requireScope(caller, 'chat')
        admit(c, api)
        const body = await readBody(c, CompactRequest, COMPACT_UNSUPPORTED)
        return idempotency.once(c, async () => {
          const context = await responseContext(api, caller, { ...body, conversation: null }, { mayBegin: false })
          const messages = [...context.past, ...context.present]
          if (messages.length === 0) throw new ApiError('missing_required_parameter', "Missing required parameter: 'input'.", { param: 'input' })
          const gone = new AbortController()
          onClientGone(c, () => gone.abort(new Error('the client went away')))
          const options = { model: body.model ?? api.settings.modelName, ...(body.instructions && { instructions: body.instructions }) }
          const { output, usage } = await api.turns.aside((signal) => compact(api, messages, { ...options, signal }), gone.signal)
          return c.json({
            id: createId('resp'),
            object: 'response.compaction',
            created_at: Math.floor(api.clock.now() / 1000),
            output,
            usage: responseUsageOf(usage),
          })
        })
      },
    )
}
