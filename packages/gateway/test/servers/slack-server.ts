import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { bodyOf } from './http-body.ts'

/** Ids and secrets that the server knows. */
export const SLACK = {
  botToken: 'xoxb-1-secret',
  appToken: 'xapp-1-secret',
  signingSecret: 'a-signing-secret-of-slack',
  bot: 'U00BOT',
  botId: 'B00BOT',
  person: 'U00PERSON',
  channel: 'C00GENERAL',
  direct: 'D00DIRECT',
} as const

/** What the server answers next, instead of what it would. `drop`: the call is done, then the connection breaks. */
export interface SlackFault {
  readonly on: string
  readonly how: 'drop' | 'hang' | { readonly error: string } | { readonly status: number; readonly headers?: Record<string, string> }
  /** Until it is taken away, not once. */
  readonly stays?: boolean
}

type Json = Record<string, unknown>

/**
 * Slack as an app sees it on the wire: the Web API below `/api`, socket mode, and the sender of the Events API, which signs.
 * Events that are not acknowledged are sent again over the next socket.
 */
export class SlackServer implements AsyncDisposable {
  readonly calls: { readonly method: string; readonly params: Readonly<Record<string, string>> }[] = []
  readonly messages: Json[] = []
  readonly uploads = new Map<string, { readonly name: string; bytes: Buffer }>()
  readonly files = new Map<string, Buffer>()
  readonly acknowledged: Json[] = []
  readonly faults: SlackFault[] = []
  /** Says no hello on new sockets. */
  isMute = false
  readonly #http: Server
  readonly #gateway = new WebSocketServer({ noServer: true })
  readonly #sockets = new Set<WebSocket>()
  readonly #unacknowledged = new Map<string, Json>()
  #last = 0

  private constructor() {
    this.#http = createServer((request, response) => void this.#answer(request, response))
    this.#http.on('upgrade', (request, socket, head) => {
      this.#gateway.handleUpgrade(request, socket, head, (opened) => this.#connected(opened))
    })
  }

  static async start(): Promise<SlackServer> {
    const server = new SlackServer()
    await new Promise<void>((resolve) => server.#http.listen(0, '127.0.0.1', resolve))
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`
  }

  get connections(): number {
    return this.#sockets.size
  }

  /** What a gateway needs to be told; `http` without an app-level token. */
  env(mode: 'socket' | 'http'): Record<string, string> {
    const how = mode === 'socket' ? { SLACK_APP_TOKEN: SLACK.appToken } : { SLACK_SIGNING_SECRET: SLACK.signingSecret }
    return { SLACK_BOT_TOKEN: SLACK.botToken, SLACK_API_ROOT: `${this.url}/api`, SLACK_ALLOWED_USERS: SLACK.person, ...how }
  }

  /** A timestamp that no other message has. */
  ts(): string {
    this.#last = Math.max(this.#last + 1, Date.now() * 1_000)
    return `${Math.floor(this.#last / 1_000_000)}.${String(this.#last % 1_000_000).padStart(6, '0')}`
  }

  /** A message of a person as an event, written into the history. */
  written(text: string, more: Json = {}): Json {
    const event = { type: 'message', channel: SLACK.direct, channel_type: 'im', user: SLACK.person, text, ts: this.ts(), ...more }
    this.messages.push(event)
    return event
  }

  /** Sends an event over socket mode; it comes again until it is acknowledged. */
  push(event: Json): void {
    this.envelope('events_api', { type: 'event_callback', event_id: `Ev${this.ts()}`, event })
  }

  envelope(type: string, payload: Json): void {
    const envelope = { envelope_id: `env-${this.ts()}`, type, payload, accepts_response_payload: type === 'slash_commands' }
    this.#unacknowledged.set(envelope.envelope_id, envelope)
    this.say(envelope)
  }

  /** Sends every socket something, such as `{ type: 'disconnect' }`. */
  say(packet: Json): void {
    for (const socket of this.#sockets) socket.send(JSON.stringify(packet))
  }

  /** Sends what has not been acknowledged again. */
  sendAgain(): void {
    for (const envelope of this.#unacknowledged.values()) this.say(envelope)
  }

  hangUp(): void {
    for (const socket of this.#sockets) socket.terminate()
  }

  /** A request of the Events API, signed as Slack signs. */
  request(body: Json | URLSearchParams, { at = Date.now(), secret = SLACK.signingSecret }: { readonly at?: number; readonly secret?: string } = {}): Request {
    const text = body instanceof URLSearchParams ? String(body) : JSON.stringify(body)
    const timestamp = String(Math.floor(at / 1_000))
    const signature = `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${text}`).digest('hex')}`
    const type = body instanceof URLSearchParams ? 'application/x-www-form-urlencoded' : 'application/json'
    const headers = { 'content-type': type, 'x-slack-signature': signature, 'x-slack-request-timestamp': timestamp }
    return new Request('http://gateway/platforms/slack/events', { method: 'POST', body: text, headers })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#gateway.clients) socket.terminate()
    this.#gateway.close()
    this.#http.closeAllConnections()
    await new Promise((resolve) => this.#http.close(resolve))
  }

  #connected(socket: WebSocket): void {
    socket.on('error', () => {})
    if (this.isMute) return
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.send(JSON.stringify({ type: 'hello', num_connections: 1 }))
    for (const envelope of this.#unacknowledged.values()) socket.send(JSON.stringify(envelope))
    socket.on('message', (data: Buffer) => {
      const answer = JSON.parse(data.toString()) as Json
      this.#unacknowledged.delete(String(answer['envelope_id']))
      this.acknowledged.push(answer)
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://server').pathname
    const bytes = await bodyOf(request)
    const method = path.replace('/api/', '')
    const params = method === path ? {} : (Object.fromEntries(new URLSearchParams(String(bytes))) as Record<string, string>)
    this.calls.push({ method, params })
    const fault = this.faults.find(({ on }) => method.includes(on))
    if (fault && !fault.stays) this.faults.splice(this.faults.indexOf(fault), 1)
    if (fault && typeof fault.how === 'object') {
      if ('error' in fault.how) return reply(response, { ok: false, error: fault.how.error })
      response.writeHead(fault.how.status, fault.how.headers)
      return void response.end('fault')
    }
    if (path.startsWith('/files/')) {
      const file = this.files.get(path)
      const isOurs = request.headers.authorization === `Bearer ${SLACK.botToken}`
      response.writeHead(!isOurs ? 302 : file ? 200 : 404, isOurs ? {} : { location: '/login' })
      return void response.end(isOurs ? file : undefined)
    }
    if (path.startsWith('/upload/')) {
      this.uploads.get(path.slice('/upload/'.length))!.bytes = bytes
      return void response.end('OK')
    }
    const wanted = method === 'apps.connections.open' ? SLACK.appToken : SLACK.botToken
    const isAllowed = request.headers.authorization === `Bearer ${wanted}`
    const answer = isAllowed ? this.#call(method, params) : { ok: false, error: 'invalid_auth' }
    if (fault?.how === 'drop') return void request.socket.destroy()
    if (fault?.how === 'hang') return
    reply(response, answer)
  }

  #call(method: string, params: Record<string, string>): Json {
    const { channel = '', ts = params['timestamp'] ?? '', text = '', name = '' } = params
    const message = this.messages.find((one) => one['ts'] === ts && one['channel'] === channel)
    if (method === 'auth.test') return { ok: true, user_id: SLACK.bot, bot_id: SLACK.botId, team_id: 'T00' }
    if (method === 'apps.connections.open') return { ok: true, url: `${this.url.replace('http', 'ws')}/link` }
    if (method === 'chat.postMessage') return this.#post(params)
    if (method === 'files.getUploadURLExternal') return this.#uploadUrl(params)
    if (method === 'files.completeUploadExternal') return this.#complete(params)
    if (method === 'files.info') return this.#info(params['file']!)
    if (method === 'conversations.history' || method === 'conversations.replies') {
      const inThread = (one: Json) => (method.endsWith('replies') ? one['thread_ts'] === ts || one['ts'] === ts : true)
      return { ok: true, messages: this.messages.filter((one) => one['channel'] === channel && inThread(one)).toReversed() }
    }
    if (!message) return { ok: false, error: 'message_not_found' }
    const reactions = (message['reactions'] ?? []) as { name: string; users: string[] }[]
    if (method === 'chat.update' && text.length > 4_000) return { ok: false, error: 'msg_too_long' }
    if (method === 'chat.update') message['text'] = text
    if (method === 'reactions.get') return { ok: true, message: { ...message, reactions } }
    if (method === 'reactions.add') message['reactions'] = [...reactions, { name, users: [SLACK.bot], count: 1 }]
    if (method === 'reactions.remove') message['reactions'] = reactions.filter((reaction) => reaction.name !== name)
    return { ok: true, ts }
  }

  #post(params: Record<string, string>): Json {
    const { channel, text = '', thread_ts, metadata } = params
    if (channel !== SLACK.channel && channel !== SLACK.direct) return { ok: false, error: 'channel_not_found' }
    const message = {
      channel,
      text,
      user: SLACK.bot,
      bot_id: SLACK.botId,
      ts: this.ts(),
      ...(thread_ts && { thread_ts }),
      ...(metadata && { metadata: JSON.parse(metadata) as Json }),
    }
    this.messages.push(message)
    return { ok: true, channel, ts: message.ts, message }
  }

  #uploadUrl({ filename = '' }: Record<string, string>): Json {
    const id = `F${this.uploads.size}`
    this.uploads.set(id, { name: filename, bytes: Buffer.alloc(0) })
    return { ok: true, file_id: id, upload_url: `${this.url}/upload/${id}` }
  }

  #complete({ files = '[]', channel_id, initial_comment = '', thread_ts }: Record<string, string>): Json {
    const shared = (JSON.parse(files) as { id: string }[]).map(({ id }) => ({ id, name: this.uploads.get(id)!.name }))
    this.messages.push({
      channel: channel_id,
      text: initial_comment,
      user: SLACK.bot,
      bot_id: SLACK.botId,
      ts: this.ts(),
      files: shared,
      ...(thread_ts && { thread_ts }),
    })
    return { ok: true, files: shared }
  }

  #info(file: string): Json {
    const message = this.messages.find((one) => ((one['files'] ?? []) as { id: string }[]).some(({ id }) => id === file))
    return { ok: true, file: { id: file, shares: message ? { public: { [String(message['channel'])]: [{ ts: message['ts'] }] } } : {} } }
  }
}

function reply(response: ServerResponse, body: Json): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
