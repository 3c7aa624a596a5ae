import { messageOf, type Clock } from '@talaria/core'
import { AgentError } from './agent-error.ts'
import { openHttpClient } from './http-client.ts'
import { createRedact } from './redact.ts'

const CONNECT_MS = 10_000
const OPENAI_URL = 'https://api.openai.com/v1'

/** What this kind of server takes under another name than platforms give it. */
const SAME_AS: Readonly<Record<string, string>> = { 'audio/opus': 'audio/ogg', 'audio/x-wav': 'audio/wav', 'audio/x-m4a': 'audio/mp4' }

/** Where speech is turned into text. */
export interface TranscriberSettings {
  /** As the server calls it: `whisper-1`. */
  readonly model: string
  /** Of a server that speaks OpenAI's API; left out, OpenAI's own. */
  readonly baseUrl?: string
  /** Many servers at home want none. */
  readonly apiKey?: string
}

/** Speech as it was recorded. */
export interface Recording {
  readonly bytes: Uint8Array
  /** Left out, it is taken for what phones record: Opus in Ogg. */
  readonly mediaType?: string
}

/** Turns speech into text. Its connections are closed with it. */
export interface Transcriber extends AsyncDisposable {
  /** @throws AgentError `model_not_configured` when OpenAI is to be asked without a key, `model_unavailable` when the server gave no text. */
  transcribe(recording: Recording, signal: AbortSignal): Promise<string>
}

/** Opens a transcriber for a server that speaks `POST /audio/transcriptions`; nothing is loaded or connected before the first recording. */
export function openTranscriber({ model, baseUrl, apiKey }: TranscriberSettings, { clock }: { readonly clock: Clock }): Transcriber {
  const http = openHttpClient({ clock, connectMs: CONNECT_MS })
  const redact = createRedact([apiKey])
  const send: typeof fetch = async (input, init = {}) => {
    // It encodes the form, and knows its content type.
    const request = new Request(input, { ...init, signal: null })
    if (!apiKey) request.headers.delete('authorization')
    return http.fetch(request.url, { method: request.method, headers: request.headers, body: await request.bytes(), signal: init.signal ?? null })
  }
  return {
    async transcribe({ bytes, mediaType = 'audio/ogg' }, signal) {
      if (!apiKey && baseUrl === undefined)
        throw new AgentError('model_not_configured', 'Set TRANSCRIPTION_API_KEY, or TRANSCRIPTION_BASE_URL to the address of a server.')
      const { createOpenAI } = await import('@ai-sdk/openai')
      // The key is always passed: left out, the SDK would look into the environment, which belongs to the app.
      const server = createOpenAI({ apiKey: apiKey ?? '', baseURL: baseUrl ?? OPENAI_URL, fetch: send })
      const [type = ''] = mediaType.toLowerCase().split(/\s*;/)
      try {
        const { text } = await server.transcription(model).doGenerate({ audio: bytes, mediaType: SAME_AS[type] ?? type, abortSignal: signal })
        return text.trim()
      } catch (error) {
        signal.throwIfAborted()
        throw new AgentError('model_unavailable', redact(messageOf(error)), { cause: error })
      }
    },
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  }
}
