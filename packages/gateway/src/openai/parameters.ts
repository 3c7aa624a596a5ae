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

export const CHAT_UNSUPPORTED = {
  audio: { defaults: [], why: 'answers are text' },
  function_call: { defaults: [], why: 'deprecated by OpenAI; send tools and tool_choice' },
  functions: { defaults: [], why: 'deprecated by OpenAI; send tools' },
  logit_bias: { defaults: [{}], why: 'model providers do not take it in common' },
  logprobs: { defaults: [false], why: 'model providers do not give them in common' },
  modalities: { defaults: [['text']], why: 'answers are text' },
  moderation: { defaults: [], why: 'no moderation model stands behind this server' },
  n: { defaults: [1], why: 'one answer a request' },
  parallel_tool_calls: { defaults: [true], why: 'the model decides how many tools it calls' },
  prompt_cache_options: { defaults: [{}], why: 'a hint about costs that providers do not take in common' },
  prediction: { defaults: [], why: 'model providers do not take it in common' },
  service_tier: { defaults: ['auto', 'default'], why: 'there is one tier' },
  store: { defaults: [false], why: 'conversations are kept as sessions: see /api/sessions' },
  top_logprobs: { defaults: [0], why: 'model providers do not give them in common' },
  verbosity: { defaults: ['medium'], why: 'model providers do not take it in common' },
  web_search_options: { defaults: [], why: 'tools of this server are not chosen by the request' },
} as const satisfies Readonly<Record<string, Unsupported>>

export const RESPONSES_UNSUPPORTED = {
  access_programs: { defaults: [{}], why: 'a matter between OpenAI and its customers' },
  context_management: { defaults: [[]], why: 'use POST /v1/responses/compact' },
  image: { defaults: [{}], why: 'pictures reach the model as they are' },
  moderation: { defaults: [], why: 'no moderation model stands behind this server' },
  max_tool_calls: { defaults: [], why: 'the server limits the steps of a turn by its own setting' },
  parallel_tool_calls: { defaults: [true], why: 'the model decides how many tools it calls' },
  prompt: { defaults: [], why: 'there are no stored prompts; send instructions' },
  service_tier: { defaults: ['auto', 'default'], why: 'there is one tier' },
  top_logprobs: { defaults: [0], why: 'model providers do not give them in common' },
} as const satisfies Readonly<Record<string, Unsupported>>

export const INPUT_TOKENS_UNSUPPORTED = {
  parallel_tool_calls: { defaults: [true], why: 'the model decides how many tools it calls' },
  personality: { defaults: [], why: 'send instructions' },
} as const satisfies Readonly<Record<string, Unsupported>>

export const COMPACT_UNSUPPORTED = {
  image: { defaults: [{}], why: 'pictures do not outlive a compaction' },
  service_tier: { defaults: ['auto', 'default'], why: 'there is one tier' },
} as const satisfies Readonly<Record<string, Unsupported>>

/**
 * Checks the unsupported parameters of a request and returns the request without them.
 *
 * @throws ApiError `unsupported_parameter`, naming the first that asks for something.
 */
export function withoutUnsupported(body: Record<string, unknown>, table: Readonly<Record<string, Unsupported>>): Record<string, unknown> {
  const isUnsupported = (name: string) => Object.hasOwn(table, name)
  for (const name of Object.keys(body).filter(isUnsupported)) {
    const { defaults, why } = table[name]!
    const value = body[name]
    if (value === null || defaults.some((harmless) => JSON.stringify(harmless) === JSON.stringify(value))) continue
    throw new ApiError('unsupported_parameter', `Unsupported parameter: '${name}' (${why}). Leave it out.`, { param: name })
  }
  return Object.fromEntries(Object.entries(body).filter(([name]) => !isUnsupported(name)))
}
