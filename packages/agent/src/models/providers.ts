import type { LanguageModelV4 } from '@ai-sdk/provider'
import { AgentError } from '../agent-error.ts'
import type { AgentSettings } from '../agent-settings.ts'

interface ProviderSettings {
  readonly apiKey?: string | undefined
  readonly baseUrl?: string | undefined
}

/** A kind of server that models can be reached at. */
export interface Provider {
  /** For people. */
  readonly title: string
  readonly keyVariable: string
  readonly urlVariable: string
  /** Where it is when the settings do not say; `undefined` when they must. */
  readonly defaultBaseUrl: string | undefined
  /** Throws `model_not_configured` with what to set. Loads the provider's package, so that nobody pays for the others. */
  open(modelId: string, settings: ProviderSettings, fetch: typeof globalThis.fetch): Promise<LanguageModelV4>
}

/**
 * The providers, by the first half of a target. Key and address are always passed explicitly: left out, the SDK would
 * look into the environment, which belongs to the app.
 */
export const PROVIDERS: Readonly<Record<keyof AgentSettings['providers'], Provider>> = {
  openai: {
    title: 'OpenAI',
    keyVariable: 'OPENAI_API_KEY',
    urlVariable: 'OPENAI_BASE_URL',
    defaultBaseUrl: 'https://api.openai.com/v1',
    async open(modelId, { apiKey, baseUrl }, fetch) {
      if (!apiKey) throw notConfigured('set OPENAI_API_KEY to a key of your OpenAI account')
      const { createOpenAI } = await import('@ai-sdk/openai')
      return createOpenAI({ apiKey, baseURL: baseUrl ?? this.defaultBaseUrl!, fetch }).responses(modelId)
    },
  },
  anthropic: {
    title: 'Anthropic',
    keyVariable: 'ANTHROPIC_API_KEY',
    urlVariable: 'ANTHROPIC_BASE_URL',
    defaultBaseUrl: 'https://api.anthropic.com/v1',
    async open(modelId, { apiKey, baseUrl }, fetch) {
      if (!apiKey) throw notConfigured('set ANTHROPIC_API_KEY to a key of your Anthropic account')
      const { createAnthropic } = await import('@ai-sdk/anthropic')
      return createAnthropic({ apiKey, baseURL: baseUrl ?? this.defaultBaseUrl!, fetch }).messages(modelId)
    },
  },
  'openai-compatible': {
    title: 'The model server',
    keyVariable: 'OPENAI_API_KEY',
    urlVariable: 'OPENAI_BASE_URL',
    defaultBaseUrl: undefined,
    async open(modelId, { apiKey, baseUrl }, fetch) {
      if (!baseUrl) throw notConfigured('set OPENAI_BASE_URL to the address of the server, for example http://127.0.0.1:11434/v1 for Ollama')
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
      const provider = createOpenAICompatible({
        name: 'openaiCompatible',
        baseURL: baseUrl,
        ...(apiKey && { apiKey }),
        fetch,
        includeUsage: true,
        supportsStructuredOutputs: true,
        supportsMultiPartToolContent: true,
      })
      return provider.chatModel(modelId)
    },
  },
}

function notConfigured(whatToDo: string): AgentError {
  return new AgentError('model_not_configured', whatToDo)
}
