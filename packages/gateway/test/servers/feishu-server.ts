import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { answerFeishuCall, type FeishuAnswer } from './feishu-calls.ts'
import { decodeFrame, encodeFrame } from './feishu-frame.ts'

/** What goes wrong with the next calls. */
export type FeishuFault =
  | { readonly kind: 'refuse'; readonly status: number; readonly code: number; readonly msg?: string; readonly headers?: Record<string, string> }
  /** The call is carried out, and the connection cut before the answer. */
  | { readonly kind: 'cut' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'html'; readonly status: number }

/** A message as the server keeps it. */
export interface KeptFeishuMessage {
  readonly id: string
  readonly type: string
  content: string
  readonly uuid: string | undefined
  readonly chatId: string | undefined
  readonly replyTo: string | undefined
  readonly inThread: boolean
  edits: number
}

/** An event and whether the app has taken it. */
interface PendingEvent {
  readonly id: string
  readonly event: unknown
}

/**
 * Feishu on loopback: tenant tokens, messages, files and reactions over HTTP; the long connection with its frames in
 * Protocol Buffers; deliveries to a webhook, signed and encrypted; and faults on demand.
 */
export class FeishuServer implements AsyncDisposable {
  readonly appId: string = 'cli_0123456789abcdef'
  readonly appSecret: string = 'a-secret-of-the-app'
  readonly openId: string = 'ou_bot'
  readonly encryptKey: string = 'a-key-to-encrypt-with'
  readonly verificationToken: string = 'a-token-to-verify-with'
  readonly messages: KeptFeishuMessage[] = []
  readonly reactions: { readonly id: string; readonly messageId: string; readonly emoji: string; readonly operator: string }[] = []
  readonly files = new Map<string, { readonly name: string; readonly bytes: Uint8Array }>()
  /** Messages of others that `say` made, by id. */
  readonly heard = new Set<string>()
  /** Calls, in the order of arrival: `POST /open-apis/…`. */
  readonly calls: string[] = []
  readonly pending: PendingEvent[] = []
  /** Tokens that were given out and not revoked. */
  readonly tokens = new Set<string>()
  /** What goes wrong with every call, as long as it is set. */
  outage: FeishuFault | undefined
  /** Where deliveries go, when there is no long connection. */
  webhookUrl: string | undefined
  asked = 0
  confirmed = 0
  #nextId = 1
  readonly #faults: { readonly path: RegExp; readonly fault: FeishuFault }[] = []
  readonly #server: Server
  readonly #sockets = new WebSocketServer({ noServer: true })

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(): Promise<FeishuServer> {
    const server = createServer()
    const feishu = new FeishuServer(server)
    server.on('request', (request, response) => void feishu.#answer(request, response).catch(() => response.destroy()))
    server.on('upgrade', (request, socket, head) => feishu.#sockets.handleUpgrade(request, socket, head, (opened) => feishu.#accept(opened)))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return feishu
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** What an app needs to be connected to this server. */
  get env(): Record<string, string> {
    return { FEISHU_APP_ID: this.appId, FEISHU_APP_SECRET: this.appSecret, FEISHU_DOMAIN: this.url }
  }

  /** Long connections that are open. */
  get connections(): number {
    return this.#sockets.clients.size
  }

  takeId(prefix: string): string {
    return `${prefix}_${this.#nextId++}`
  }

  /** The next call whose path matches goes wrong. */
  fail(path: RegExp, fault: FeishuFault): void {
    this.#faults.push({ path, fault })
  }

  /** Somebody writes; the event goes through every long connection, or waits for `deliver`. */
  say(message: Record<string, unknown>, sender: Record<string, unknown> = {}): string {
    const id = (message.message_id as string | undefined) ?? this.takeId('om')
    const whole = { message_id: id, chat_id: 'oc_1', chat_type: 'p2p', message_type: 'text', create_time: '1750000000000', content: '{}', ...message }
    this.heard.add(id)
    this.pending.push({ id, event: { sender: { sender_id: { open_id: 'ou_ada' }, sender_type: 'user', ...sender }, message: whole } })
    this.push()
    return id
  }

  /** Sends what waits through the long connections. */
  push(): void {
    for (const socket of this.#sockets.clients) for (const one of this.pending) this.#send(socket, one)
  }

  /** Delivers what waits to the webhook, one after another, until one is not taken. */
  async deliver(): Promise<void> {
    while (this.webhookUrl !== undefined && this.pending[0]) {
      const response = await this.post(this.bodyOf(this.pending[0].event))
      if (response.status !== 200) return
      this.confirmed++
      this.pending.shift()
    }
  }

  /** An event in its envelope. */
  bodyOf(event: unknown, type = 'im.message.receive_v1'): object {
    return { schema: '2.0', header: { event_id: randomBytes(8).toString('hex'), event_type: type, token: this.verificationToken, app_id: this.appId }, event }
  }

  /** Posts to the webhook, encrypted and signed unless told otherwise. */
  async post(body: object, { key = this.encryptKey, timestamp = Math.floor(Date.now() / 1000), isEncrypted = true, path = '' } = {}): Promise<Response> {
    const text = JSON.stringify(isEncrypted ? { encrypt: encrypt(JSON.stringify(body), key) } : body)
    const nonce = randomBytes(4).toString('hex')
    const signature = createHash('sha256').update(`${timestamp}${nonce}${key}${text}`).digest('hex')
    const headers = {
      'content-type': 'application/json',
      'x-lark-request-timestamp': String(timestamp),
      'x-lark-request-nonce': nonce,
      'x-lark-signature': signature,
    }
    return fetch(`${this.webhookUrl}${path}`, { method: 'POST', headers, body: text })
  }

  /** Closes every connection now. */
  drop(): void {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#server.closeAllConnections()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return
    this.drop()
    this.#sockets.close()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(socket: WebSocket): void {
    socket.on('error', () => {})
    socket.on('message', (data: Buffer) => {
      const { method, headers, payload, service } = decodeFrame(data)
      if (method === 0 && headers.type === 'ping')
        return socket.send(encodeFrame({ service, method: 0, headers: { type: 'pong' }, payload: Buffer.from(JSON.stringify(CLIENT_CONFIG)) }))
      const at = this.pending.findIndex(({ id }) => id === headers.message_id)
      const { code } = JSON.parse(Buffer.from(payload).toString()) as { code: number }
      if (at === -1) return
      if (code !== 200) return void setTimeout(() => this.pending[at] && this.#send(socket, this.pending[at]), 50)
      this.pending.splice(at, 1)
      this.confirmed++
    })
    for (const one of this.pending) this.#send(socket, one)
  }

  #send(socket: WebSocket, { id, event }: PendingEvent): void {
    const headers = { type: 'event', message_id: id, sum: '1', seq: '0', trace_id: 'trace' }
    socket.send(encodeFrame({ service: 1, method: 1, headers, payload: Buffer.from(JSON.stringify(this.bodyOf(event))) }))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked++
    const url = new URL(request.url ?? '/', this.url)
    const call = `${request.method} ${url.pathname}`
    this.calls.push(call)
    const chunks: Uint8Array[] = []
    for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const at = this.#faults.findIndex(({ path }) => path.test(call))
    const fault = at === -1 ? this.outage : this.#faults.splice(at, 1)[0]?.fault
    if (fault?.kind === 'hang') return
    if (fault?.kind === 'html') return void response.writeHead(fault.status, { 'content-type': 'text/html' }).end('<html></html>')
    if (fault?.kind === 'refuse') return respond(response, { status: fault.status, body: { code: fault.code, msg: fault.msg ?? 'refused' } }, fault.headers)
    if (url.pathname === '/callback/ws/endpoint') return respond(response, this.#endpoint(body))
    const answer = await answerFeishuCall(this, { method: request.method ?? 'GET', url, headers: request.headers, body })
    if (fault?.kind === 'cut') return void response.destroy()
    respond(response, answer)
  }

  #endpoint(body: Buffer): FeishuAnswer {
    const { AppID, AppSecret } = JSON.parse(body.toString()) as { AppID: string; AppSecret: string }
    if (AppID !== this.appId || AppSecret !== this.appSecret) return { status: 200, body: { code: 514, msg: 'app_id or app_secret is invalid', data: {} } }
    const URL = `ws://127.0.0.1:${this.port}/ws?device_id=1&service_id=1`
    return { status: 200, body: { code: 0, msg: 'success', data: { URL, ClientConfig: CLIENT_CONFIG } } }
  }
}

const CLIENT_CONFIG = { PingInterval: 120, ReconnectCount: -1, ReconnectInterval: 120, ReconnectNonce: 30 }

function encrypt(text: string, key: string): string {
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-256-cbc', createHash('sha256').update(key).digest(), iv)
  return Buffer.concat([iv, cipher.update(text), cipher.final()]).toString('base64')
}

function respond(response: ServerResponse, { status, body }: FeishuAnswer, headers: Record<string, string> = {}): void {
  if (body instanceof Uint8Array) return void response.writeHead(status, { 'content-type': 'application/octet-stream' }).end(body)
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
