import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A message as the server keeps it. */
export interface NtfyServerMessage {
  readonly id: string
  readonly time: number
  readonly event: 'message'
  readonly topic: string
  readonly message?: string
  readonly title?: string
  readonly tags?: readonly string[]
  readonly priority?: number
  readonly attachment?: { readonly name: string; readonly url: string; readonly type?: string; readonly size?: number }
}

/** An ntfy server on loopback: JSON streams with a memory, publication by JSON and by file, access by token. */
export class NtfyServer implements AsyncDisposable {
  /** All that was published, by anybody, oldest first. */
  readonly messages: NtfyServerMessage[] = []
  readonly files = new Map<string, Buffer>()
  /** Answers everything with this status. */
  status: number | undefined
  /** Keeps what is published and then closes the connection instead of answering. */
  diesAfterPublish = false
  /** Answers nothing. */
  isMute = false
  /** Requests there ever were. */
  asked = 0
  /** The token that is asked for. */
  token: string | undefined
  readonly #server: Server
  readonly #streams = new Map<ServerResponse, string>()
  readonly #sockets = new Set<Socket>()

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response))
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  /** Listens; the caller disposes it. */
  static async start(): Promise<NtfyServer> {
    const server = new NtfyServer()
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Streams open now. */
  get streams(): number {
    return this.#streams.size
  }

  /** Connections open now. */
  get connections(): number {
    return this.#sockets.size
  }

  /** Somebody publishes. */
  publish(topic: string, fields: Partial<NtfyServerMessage>): NtfyServerMessage {
    const message: NtfyServerMessage = { id: `m${this.messages.length + 1}`, time: Math.floor(Date.now() / 1_000), event: 'message', topic, ...fields }
    this.messages.push(message)
    for (const [stream, of] of this.#streams) if (of === topic) stream.write(`${JSON.stringify(message)}\n`)
    return message
  }

  /** Writes to all streams as it stands. */
  write(text: string): void {
    for (const stream of this.#streams.keys()) stream.write(text)
  }

  /** Cuts all connections. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.drop()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', this.url)
    const body = await bodyOf(request).catch(() => undefined)
    this.asked += 1
    if (!body || this.isMute) return
    const refuse = (status: number) => response.writeHead(status, { 'retry-after': '7' }).end(`{"code":${status}00}`)
    if (this.status !== undefined) return void refuse(this.status)
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) return void refuse(401)
    if (pathname === '/v1/health') return void response.end('{"healthy":true}')
    if (pathname.startsWith('/file/')) return void response.end(this.files.get(pathname))
    const [, topic = '', kind] = pathname.split('/').map(decodeURIComponent)
    if (request.method === 'GET' && kind === 'json') return this.#stream(topic, searchParams, response)
    const message = request.method === 'PUT' ? this.#keepFile(topic, body, request) : this.#publishJson(body)
    if (this.diesAfterPublish) return void request.socket.destroy()
    response.end(JSON.stringify(message))
  }

  #publishJson(body: Buffer): NtfyServerMessage {
    const { topic, ...fields } = JSON.parse(body.toString('utf8')) as NtfyServerMessage
    return this.publish(topic, fields)
  }

  #keepFile(topic: string, body: Buffer, { headers }: IncomingMessage): NtfyServerMessage {
    const path = `/file/${this.files.size}.bin`
    this.files.set(path, body)
    return this.publish(topic, {
      message: String(headers.message ?? ''),
      tags: String(headers.tags ?? '').split(','),
      attachment: { name: String(headers.filename), url: `${this.url}${path}`, size: body.byteLength },
    })
  }

  #stream(topic: string, query: URLSearchParams, response: ServerResponse): void {
    const since = query.get('since')
    // Like the real one: a time, an id after which to begin, or nothing.
    const from = since === null ? Infinity : /^\d+$/.test(since) ? Number(since) : 0
    const tag = query.get('tags')
    const lines = this.messages.filter((message) => message.topic === topic && message.time >= from && (tag === null || message.tags?.includes(tag)))
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
    if (query.has('poll')) return void response.end(text)
    response.write(`{"id":"open","time":0,"event":"open","topic":${JSON.stringify(topic)}}\n${text}`)
    this.#streams.set(response, topic)
    response.once('close', () => this.#streams.delete(response))
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
