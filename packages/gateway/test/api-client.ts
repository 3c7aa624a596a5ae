import { readFrames, type Frame } from './frames.ts'

export interface CallOptions {
  /** Sent as JSON, unless it is text or bytes: those go as they are. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

type Fetch = (request: Request) => Response | Promise<Response>

/** Calls an HTTP API as a client does, under one key. */
export class ApiClient {
  readonly #fetch: Fetch
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(fetch: Fetch, url: string, key: string | undefined, headers: Readonly<Record<string, string>> = {}) {
    this.#fetch = fetch
    this.#url = url
    this.#headers = { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...headers }
  }

  /** The same server under another key, or none. */
  as(key: string | undefined, headers: Readonly<Record<string, string>> = {}): ApiClient {
    return new ApiClient(this.#fetch, this.#url, key, headers)
  }

  async call(method: string, path: string, { body, headers, signal }: CallOptions = {}): Promise<Response> {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream
    return this.#fetch(
      new Request(this.#url + path, {
        method,
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...this.#headers, ...headers },
        ...(body !== undefined && { body: isRaw ? (body as string) : JSON.stringify(body), duplex: 'half' }),
        ...(signal && { signal }),
      }),
    )
  }

  get(path: string, options?: CallOptions): Promise<Response> {
    return this.call('GET', path, options)
  }

  post(path: string, body?: unknown, options?: CallOptions): Promise<Response> {
    return this.call('POST', path, { ...options, body })
  }

  patch(path: string, body?: unknown, options?: CallOptions): Promise<Response> {
    return this.call('PATCH', path, { ...options, body })
  }

  delete(path: string, options?: CallOptions): Promise<Response> {
    return this.call('DELETE', path, options)
  }

  /** The body of a successful answer; fails with what the server said when it was refused. */
  async json<Body = Json>(answer: Promise<Response>): Promise<Body> {
    const response = await answer
    const text = await response.text()
    if (!response.ok) throw new Error(`${response.status} ${text}`)
    return JSON.parse(text) as Body
  }

  /** Status, code and param of a refusal. */
  async refusal(answer: Promise<Response>): Promise<Refusal> {
    const response = await answer
    const { error } = (await response.json()) as { error: { code: string; param: string | null; message: string } }
    return { status: response.status, code: error.code, param: error.param }
  }

  /** All frames of a streamed answer, to its end. */
  async frames(answer: Promise<Response>): Promise<Frame[]> {
    return readFrames(await answer)
  }
}

export interface Refusal {
  readonly status: number
  readonly code: string
  readonly param: string | null
}

/** JSON of which a test looks at a few fields. */
// oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects, and fails when it is not there
export type Json = any
