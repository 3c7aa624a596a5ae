import { Agent, request, type IncomingMessage } from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import { sseFrames, type SseFrame } from './sse-frames.ts'

/** What a request says beside its method and path. */
export interface ApiRequest {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** An answer that has arrived as a whole. */
export interface ApiAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** Its JSON; tests say what they expect of it. */
  readonly json: any
}

/** A stream that has begun. Ending the iteration closes its connection. */
export interface ApiStream {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly frames: AsyncGenerator<SseFrame>
  /** What a refusal says, which has no frames; empty for a stream. */
  readonly refusal: string
}

/** Nothing of ours is silent for so long: a test must not hang with what it tests. */
const SILENCE_MS = 60_000

/**
 * Plain HTTP to one gateway. Not `fetch`, whose connections belong to the process: these are closed when the client is
 * disposed, so that a test can count what a gateway has open without its own connections.
 */
export class ApiClient implements Disposable {
  readonly #url: string
  readonly #key: string | undefined
  readonly #agent = new Agent({ keepAlive: true })

  constructor(url: string, key?: string) {
    this.#url = url
    this.#key = key
  }

  get(path: string, options?: ApiRequest): Promise<ApiAnswer> {
    return this.ask('GET', path, options)
  }

  post(path: string, body: unknown, options?: ApiRequest): Promise<ApiAnswer> {
    return this.ask('POST', path, { ...options, body })
  }

  /** Resolves with whatever is answered, refusals too; rejects when the connection fails before all of it arrived. */
  async ask(method: string, path: string, options: ApiRequest = {}): Promise<ApiAnswer> {
    const response = await this.#send(method, path, options)
    const text = await textOf(response)
    const isJson = response.headers['content-type']?.startsWith('application/json') ?? false
    return {
      status: response.statusCode ?? 0,
      headers: response.headers as Record<string, string>,
      text,
      json: isJson ? (JSON.parse(text) as unknown) : undefined,
    }
  }

  /** Resolves when the headers have arrived. */
  async stream(method: string, path: string, options: ApiRequest = {}): Promise<ApiStream> {
    const response = await this.#send(method, path, options)
    const status = response.statusCode ?? 0
    const refusal = status < 400 ? '' : await textOf(response)
    return { status, headers: response.headers as Record<string, string>, frames: sseFrames(response), refusal }
  }

  /** Cuts every connection. */
  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  #send(method: string, path: string, { body, headers, signal }: ApiRequest): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    const outgoing = request(
      new URL(path, this.#url),
      {
        method,
        agent: this.#agent,
        timeout: SILENCE_MS,
        ...(signal && { signal }),
        headers: {
          ...(this.#key !== undefined && { Authorization: `Bearer ${this.#key}` }),
          ...(text !== undefined && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
          ...headers,
        },
      },
      resolve,
    )
    outgoing.on('error', reject)
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: silence for ${SILENCE_MS} ms`)))
    outgoing.end(text)
    return promise
  }
}
