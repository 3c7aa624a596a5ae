import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { PlatformError } from './platform-error.ts'

const QUIET_MS = 15_000 // Nothing heard for this long: a service that is well answers within seconds.
const KEPT_MS = 4_000 // Shorter than any service keeps an idle connection, so that we seldom write into one that is closing.
const LARGEST_ANSWER = 16 * 1024 * 1024

/** What may be said of one request beside what `fetch` knows. */
export interface HttpOptions {
  /** Bytes of the answer's body; more is `attachment_too_large`. */
  readonly maxBytes?: number
}

/**
 * A `fetch` that somebody owns: its connections are closed with it, so that none outlives the attempt that opened it
 * (incident L15). It reads answers whole and follows no redirects. Failures say whether the request had left: `network`
 * when not, `unknown_outcome` when it had and could have changed something, `timeout` for the rest.
 */
export class HttpClient implements Disposable {
  readonly #http = new HttpAgent({ keepAlive: true, timeout: KEPT_MS })
  readonly #https = new HttpsAgent({ keepAlive: true, timeout: KEPT_MS })

  /** Like the global one. @throws PlatformError */
  readonly fetch = async (url: string | URL | Request, init: RequestInit = {}, options: HttpOptions = {}): Promise<Response> => {
    // It encodes forms, and knows their content type.
    const outgoing = new Request(url, { ...init, signal: null })
    const body = init.body === undefined || init.body === null ? undefined : Buffer.from(await outgoing.arrayBuffer())
    return this.#send(outgoing, { body, signal: init.signal ?? undefined, maxBytes: options.maxBytes ?? LARGEST_ANSWER })
  };

  [Symbol.dispose](): void {
    this.#http.destroy()
    this.#https.destroy()
  }

  #send(outgoing: Request, { body, signal, maxBytes }: { body: Buffer | undefined; signal: AbortSignal | undefined; maxBytes: number }): Promise<Response> {
    const url = new URL(outgoing.url)
    const secure = url.protocol === 'https:'
    const headers = { ...Object.fromEntries(outgoing.headers), ...(body && { 'content-length': String(body.length) }) }
    const { promise, resolve, reject } = Promise.withResolvers<Response>()
    let hasLeft = false
    const request = (secure ? httpsRequest : httpRequest)(url, { method: outgoing.method, headers, agent: secure ? this.#https : this.#http })
    const fail = (error: Error) => reject(error instanceof PlatformError ? error : failureOf(error, { hasLeft, method: outgoing.method, host: url.host }))
    const onAbort = () => request.destroy(new Error('given up'))
    request.on('socket', (socket) => {
      const leave = () => (hasLeft = true)
      if (socket.connecting) socket.once(secure ? 'secureConnect' : 'connect', leave)
      else leave()
    })
    request.setTimeout(QUIET_MS, () => request.destroy(new Error(`nothing was heard for ${QUIET_MS} ms`)))
    request.on('error', fail)
    request.on('response', (incoming) => {
      readBody(incoming, maxBytes).then((bytes) => resolve(responseOf(incoming, bytes)), fail)
    })
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) onAbort()
    request.end(body)
    return promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }
}

async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length
    // Leaving the loop destroys the connection.
    if (size > maxBytes) throw new PlatformError('attachment_too_large', `The answer has more than ${maxBytes} bytes.`)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function responseOf(incoming: IncomingMessage, bytes: Uint8Array<ArrayBuffer>): Response {
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) if (value !== undefined) headers.set(name, String(value))
  const status = incoming.statusCode ?? 502
  return new Response([204, 205, 304].includes(status) ? null : bytes, { status, statusText: incoming.statusMessage ?? '', headers })
}

function failureOf(error: Error, { hasLeft, method, host }: { hasLeft: boolean; method: string; host: string }): PlatformError {
  if (!hasLeft) return new PlatformError('network', `${host} was not reached: ${error.message}`, { cause: error })
  const code = method === 'GET' || method === 'HEAD' ? 'timeout' : 'unknown_outcome'
  return new PlatformError(code, `${host} was sent a request and did not answer: ${error.message}`, { cause: error })
}
