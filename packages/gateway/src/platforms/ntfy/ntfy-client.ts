import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { ntfyErrorOf, ntfyStatusError } from './ntfy-error.ts'

export interface NtfyRequest {
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Whether it is known to have done nothing when no answer came; a publication is not. */
  readonly isRepeatable?: boolean
}

const MAX_ANSWER_BYTES = 4 * 1024 * 1024

/** Speaks to one ntfy server over connections of its own, which disposing closes. */
export class NtfyClient implements Disposable {
  readonly server: URL
  readonly #token: string | undefined
  readonly #agent: http.Agent

  constructor({ server, token }: { readonly server: string; readonly token: string | undefined }) {
    this.server = new URL(`${server}/`)
    this.#token = token
    this.#agent = this.server.protocol === 'https:' ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true })
  }

  /** The bytes of a successful answer. @throws PlatformError; `attachment_too_large` beyond `maxBytes` */
  async request(path: string, { maxBytes = MAX_ANSWER_BYTES, ...request }: NtfyRequest & { readonly maxBytes?: number }, signal: AbortSignal): Promise<Buffer> {
    const response = await this.open(path, request, signal)
    try {
      return await read(response, maxBytes)
    } catch (error) {
      throw ntfyErrorOf(error, !request.isRepeatable)
    } finally {
      response.destroy()
    }
  }

  /** A successful answer whose body has yet to be read; whoever asked destroys it. @throws PlatformError */
  async open(path: string, { method = 'GET', headers = {}, body, isRepeatable = false }: NtfyRequest, signal: AbortSignal): Promise<IncomingMessage> {
    signal.throwIfAborted()
    let hasLeft = false
    try {
      const { request } = this.server.protocol === 'https:' ? https : http
      const outgoing = request(new URL(path, this.server), {
        method,
        agent: this.#agent,
        signal,
        headers: { ...headers, ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }) },
      })
      outgoing.once('finish', () => (hasLeft = true))
      // Of an answer that nobody reads any more.
      outgoing.on('error', () => {})
      outgoing.end(body)
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
      if (response.statusCode === 200) return response
      try {
        throw ntfyStatusError(response.statusCode ?? 0, (await read(response, 10_000)).toString('utf8').slice(0, 200), response.headers['retry-after'])
      } finally {
        response.destroy()
      }
    } catch (error) {
      throw ntfyErrorOf(error, hasLeft && !isRepeatable)
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

async function read(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > maxBytes) throw ntfyStatusError(413, `more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
