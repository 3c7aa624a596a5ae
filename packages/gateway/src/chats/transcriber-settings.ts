import type { TranscriberSettings } from '@talaria/agent'

/** The settings that say where speech is turned into text. */
interface Configured {
  readonly transcriptionModel?: string | undefined
  readonly transcriptionBaseUrl?: string | undefined
  readonly transcriptionKey?: string | undefined
  readonly openaiBaseUrl?: string | undefined
  readonly openaiKey?: string | undefined
}

/** Where speech is turned into text, as the settings have it; `undefined` where they name no model for that. */
export function transcriberSettingsOf(settings: Configured): TranscriberSettings | undefined {
  const { transcriptionModel: model, transcriptionBaseUrl: ownUrl, transcriptionKey, openaiBaseUrl, openaiKey } = settings
  if (model === undefined) return undefined
  const baseUrl = ownUrl ?? openaiBaseUrl
  // A key is for its own server only.
  const apiKey = transcriptionKey ?? (ownUrl === undefined || ownUrl === openaiBaseUrl ? openaiKey : undefined)
  return { model, ...(baseUrl !== undefined && { baseUrl }), ...(apiKey !== undefined && { apiKey }) }
}
