import { ApiError } from '../api/api-error.ts'

/**
 * Parameters of OpenAI's API that exist there and have no effect here. Each is accepted with its default value, because
 * clients send defaults, and refused with any other: nothing is dropped in silence.
 */
export interface Unsupported {
  /** Values that change nothing; `null` is always one of them. */
  readonly defaults: readonly unknown[]
  readonly why: string
}

export const CHAT_UNSUPPORTED: Readonly<Record<string, Unsupported>> = {
  audio: { defaults: [], why: 'answers are text' },
  function_call: { defaults: [], why: 'deprecated by OpenAI; send tools and tool_choice' },
  functions: { defaults: [], why: 'deprecated by OpenAI; send tools' },
  logit_bias: { defaults: [{}], why: 'model providers do not take it in common' },
  logprobs: { defaults: [false], why: 'model providers do not give them in common' },
  modalities: { defaults: [['text']], why: 'answers are text' },
  moderation: { defaults: [], why: 'no moderation model stands behind this server' },
  n: { defaults: [1], why: 'one answer a request' },
  parallel_tool_calls: { defaults: [true], why: 'the model decides how many tools it calls' },
  prediction: { defaults: [], why: 'model providers do not take it in common' },
  service_tier: { defaults: ['auto', 'default'], why: 'there is one tier' },
  store: { defaults: [false], why: 'conversations are kept as sessions: see /api/sessions' },
  top_logprobs: { defaults: [0], why: 'model providers do not give them in common' },
  verbosity: { defaults: ['medium'], why: 'model providers do not take it in common' },
  web_search_options: { defaults: [], why: 'tools of this server are not chosen by the request' },
}

export const RESPONSES_UNSUPPORTED: Readonly<Record<string, Unsupported>> = {
  context_management: { defaults: [[]], why: 'use POST /v1/responses/compact' },
  moderation: { defaults: [], why: 'no moderation model stands behind this server' },
  max_tool_calls: { defaults: [], why: 'the server limits the steps of a turn by its own setting' },
  parallel_tool_calls: { defaults: [true], why: 'the model decides how many tools it calls' },
  prompt: { defaults: [], why: 'there are no stored prompts; send instructions' },
  service_tier: { defaults: ['auto', 'default'], why: 'there is one tier' },
  top_logprobs: { defaults: [0], why: 'model providers do not give them in common' },
}

/**
 * Checks the unsupported parameters of a request and returns the request without them.
 *
 * @throws ApiError `unsupported_parameter`, naming the first that asks for something.
 */
export function withoutUnsupported(body: Record<string, unknown>, table: Readonly<Record<string, Unsupported>>): Record<string, unknown> {
  const supported: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(body)) {
    const unsupported = Object.hasOwn(table, name) ? table[name] : undefined
    if (!unsupported) supported[name] = value
    else if (value !== null && !unsupported.defaults.some((harmless) => JSON.stringify(harmless) === JSON.stringify(value))) {
      throw new ApiError('unsupported_parameter', `Unsupported parameter: '${name}' (${unsupported.why}). Leave it out.`, { param: name })
    }
  }
  return supported
}
