import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { bodyOf } from './http-body.ts'

/** Ids that the server knows. */
export const DISCORD = {
  token: 'MTAw.token.secret',
  bot: '100000000000000001',
  person: '100000000000000002',
  guild: '200000000000000001',
  role: '250000000000000001',
  general: '300000000000000001',
  forum: '300000000000000002',
  thread: '300000000000000003',
  direct: '300000000000000009',
} as const

/** What the server answers next, instead of what it would. */
export interface DiscordFault {
  /** Only requests whose method and path have this in them, such as `POST /channels`. */
  readonly on: string
  /** `drop`: the request is done, then the connection breaks. `hang`: done, and nothing comes. */
  /** Until it is taken away, not once. */
  readonly stays?: boolean
  readonly how: 'drop' | 'hang' | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> }
}

export interface DiscordRequest {
  readonly method: string
  readonly path: string
  readonly body: Record<string, unknown>
  readonly files: readonly UploadedFile[]
}

export interface UploadedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

type Json = Record<string, unknown>

/**
 * Discord as a bot sees it on the wire: REST v10 below `/api/v10`, and the gateway's WebSocket with hello, identify, ready,
 * heartbeats, dispatches, resume, invalid sessions and close codes.
 */
export class DiscordServer implements AsyncDisposable {
  readonly requests: DiscordRequest[] = []
  readonly messages: Json[] = []
  readonly identifies: Json[] = []
  readonly resumes: Json[] = []
  readonly faults: DiscordFault[] = []
  heartbeats = 0
  /** The next identify is answered by this close code. */
  refuseWith: number | undefined
  acknowledgesHeartbeats = true
  /** Says nothing on new sockets. */
  isMute = false
  commands: Json[] = []
  /** What attachments of people hold, by the end of their address. */
  readonly files = new Map<string, Uint8Array>()
  readonly threads = new Set<string>([DISCORD.thread])
  readonly #http: Server
  readonly #gateway: WebSocketServer
  readonly #sockets = new Set<WebSocket>()
  readonly #sent: Json[] = []
  readonly #nonces = new Map<string, Json>()
  #sequence = 0
  #last = 0n

  private constructor() {
    this.#http = createServer((request, response) => void this.#answer(request, response))
    this.#gateway = new WebSocketServer({ server: this.#http })
    this.#gateway.on('connection', (socket) => this.#connected(socket))
  }

  static async start(port = 0): Promise<DiscordServer> {
    const server = new DiscordServer()
    await new Promise<void>((resolve) => server.#http.listen(port, '127.0.0.1', resolve))
    return server
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port
  }

  get env(): Record<string, string> {
    return { DISCORD_BOT_TOKEN: DISCORD.token, DISCORD_API_ROOT: `http://127.0.0.1:${this.port}/api`, DISCORD_ALLOWED_USERS: DISCORD.person }
  }

  get connections(): number {
    return this.#sockets.size
  }

  /** An id of now, or of another time. */
  id(at = Date.now()): string {
    const least = (BigInt(at) - 1_420_070_400_000n) << 22n
    this.#last = least > this.#last ? least : this.#last + 1n
    return String(this.#last)
  }

  /** Somebody writes something; everybody who is connected is told, unless `unseen`. */
  write(
    message: Partial<{ channel: string; text: string; from: Json; mentions: string[]; direct: boolean; at: number; unseen: boolean; more: Json }> = {},
  ): Json {
    const { channel = DISCORD.general, text = 'hello', from = person(), mentions = [], direct = false, at = Date.now(), unseen = false, more = {} } = message
    const written: Json = {
      id: this.id(at),
      channel_id: channel,
      author: from,
      content: text,
      timestamp: new Date(at).toISOString(),
      edited_timestamp: null,
      tts: false,
      mention_everyone: false,
      mentions: mentions.map((id) => ({ id, username: id, discriminator: '0', avatar: null, global_name: null })),
      mention_roles: [],
      attachments: [],
      embeds: [],
      pinned: false,
      type: 0,
      ...more,
    }
    this.messages.push(written)
    if (!unseen) {
      this.dispatch('MESSAGE_CREATE', {
        ...written,
        ...(!direct && { guild_id: DISCORD.guild, member: { roles: [DISCORD.role], joined_at: new Date(0).toISOString() } }),
      })
    }
    return written
  }

  dispatch(type: string, data: Json): void {
    const packet = { op: 0, t: type, s: ++this.#sequence, d: data }
    this.#sent.push(packet)
    for (const socket of this.#sockets) socket.send(JSON.stringify(packet))
  }

  /** Sends every socket a packet outside of the sequence, such as op 7 or op 9. */
  say(packet: Json): void {
    for (const socket of this.#sockets) socket.send(JSON.stringify(packet))
  }

  /** Closes every socket with a code; without one they break. */
  hangUp(code?: number): void {
    for (const socket of this.#sockets) {
      if (code === undefined) socket.terminate()
      else socket.close(code)
    }
    this.#sockets.clear()
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
    socket.on('close', () => this.#sockets.delete(socket))
    socket.send(JSON.stringify({ op: 10, d: { heartbeat_interval: 41_250 } }))
    socket.on('message', (data: Buffer) => {
      const { op, d } = JSON.parse(data.toString()) as { op: number; d: Json }
      if (op === 1) {
        this.heartbeats += 1
        if (this.acknowledgesHeartbeats) socket.send(JSON.stringify({ op: 11 }))
      }
      if (op === 2) this.#identified(socket, d)
      if (op === 6) this.#resumed(socket, d)
    })
  }

  #identified(socket: WebSocket, identify: Json): void {
    this.identifies.push(identify)
    if (this.refuseWith !== undefined) return socket.close(this.refuseWith)
    if (identify['token'] !== DISCORD.token) return socket.close(4004)
    this.#sockets.add(socket)
    this.#sequence = 0
    this.#sent.length = 0
    const ready = {
      v: 10,
      user: bot(),
      session_id: `session-${this.identifies.length}`,
      guilds: [{ id: DISCORD.guild, unavailable: true }],
      application: { id: DISCORD.bot, flags: 0 },
    }
    this.dispatch('READY', { ...ready, resume_gateway_url: `ws://127.0.0.1:${this.port}` })
    this.dispatch('GUILD_CREATE', this.#guild())
  }

  #resumed(socket: WebSocket, resume: Json): void {
    this.resumes.push(resume)
    this.#sockets.add(socket)
    for (const packet of this.#sent.filter(({ s }) => Number(s) > Number(resume['seq']))) socket.send(JSON.stringify(packet))
    socket.send(JSON.stringify({ op: 0, t: 'RESUMED', s: ++this.#sequence, d: {} }))
  }

  #guild(): Json {
    const last = (id: string) => this.messages.findLast(({ channel_id }) => channel_id === id)?.['id'] ?? null
    const channel = (id: string, type: number, name: string) => ({
      id,
      type,
      name,
      position: 0,
      permission_overwrites: [],
      parent_id: null,
      last_message_id: last(id),
    })
    return {
      id: DISCORD.guild,
      name: 'Guild',
      owner_id: DISCORD.person,
      member_count: 2,
      joined_at: new Date(0).toISOString(),
      features: [],
      emojis: [],
      stickers: [],
      members: [],
      presences: [],
      voice_states: [],
      stage_instances: [],
      guild_scheduled_events: [],
      soundboard_sounds: [],
      roles: [{ id: DISCORD.guild, name: '@everyone', permissions: '0', position: 0, color: 0, hoist: false, managed: false, mentionable: false, flags: 0 }],
      channels: [channel(DISCORD.general, 0, 'general'), channel(DISCORD.forum, 15, 'forum')],
      threads: [
        {
          ...channel(DISCORD.thread, 11, 'a thread'),
          parent_id: DISCORD.general,
          thread_metadata: { archived: false, auto_archive_duration: 60, archive_timestamp: new Date(0).toISOString(), locked: false },
        },
      ],
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server')
    const path = pathname.replace(/^\/api(\/v10)?/, '')
    const method = request.method ?? 'GET'
    const { json, files } = await parse(request)
    const wanted = `${method} ${path}`
    this.requests.push({ method, path, body: json, files })
    const at = this.faults.findIndex(({ on }) => wanted.includes(on))
    const fault = this.faults[at]
    if (fault && !fault.stays) this.faults.splice(at, 1)
    if (fault && typeof fault.how === 'object') return reply(response, fault.how.status, fault.how.body ?? { message: 'fault', code: 0 }, fault.how.headers)
    const isOpen = path.startsWith('/interactions/') || path.startsWith('/files/')
    if (!isOpen && request.headers.authorization !== `Bot ${DISCORD.token}`) return reply(response, 401, { message: '401: Unauthorized', code: 0 })
    if (path.startsWith('/files/')) return void response.end(this.files.get(path.slice('/files/'.length)))
    const [status, body] = this.#route(method, path, json, searchParams, files)
    if (fault?.how === 'drop') return void request.socket.destroy()
    if (fault?.how === 'hang') return
    reply(response, status, body)
  }

  #route(method: string, path: string, json: Json, query: URLSearchParams, files: readonly UploadedFile[]): [number, unknown] {
    const [, root, id = '', part, second = '', third, emoji] = path.split('/')
    if (path === '/gateway/bot') {
      return [200, { url: `ws://127.0.0.1:${this.port}`, shards: 1, session_start_limit: { total: 1000, remaining: 999, reset_after: 0, max_concurrency: 1 } }]
    }
    if (root === 'applications') return [200, method === 'PUT' ? (this.commands = json as unknown as Json[]) : this.commands]
    if (root === 'interactions') return [204, undefined]
    if (root === 'guilds' && part === 'members') return [200, { user: person(), roles: [DISCORD.role] }]
    if (root !== 'channels') return [404, { message: '404: Not Found', code: 0 }]
    const known = [DISCORD.general, DISCORD.forum, DISCORD.direct].includes(id as never) || this.threads.has(id)
    if (!known) return [404, { message: 'Unknown Channel', code: 10003 }]
    if (part === undefined) return [200, { id, type: 1 }]
    if (part === 'typing') return [204, undefined]
    if (part === 'threads' || third === 'threads') return this.#thread(third === 'threads' ? second : this.id(), json)
    if (second === '' && method === 'POST') return this.#post(id, json, files)
    if (second === '')
      return [
        200,
        this.messages
          .filter(({ channel_id }) => channel_id === id)
          .slice(-Number(query.get('limit') ?? 50))
          .toReversed(),
      ]
    const message = this.messages.find((one) => one['id'] === second && one['channel_id'] === id)
    if (!message) return [404, { message: 'Unknown Message', code: 10008 }]
    if (third === 'reactions') return this.#reaction(method, message, decodeURIComponent(emoji ?? ''))
    if (method === 'PATCH') Object.assign(message, json)
    return [200, message]
  }

  #post(channel: string, json: Json, files: readonly UploadedFile[]): [number, unknown] {
    const content = (json['content'] ?? '') as string
    if (content.length > 2_000) {
      const errors = { content: { _errors: [{ code: 'BASE_TYPE_MAX_LENGTH', message: 'Must be 2000 or fewer in length.' }] } }
      return [400, { message: 'Invalid Form Body', code: 50035, errors }]
    }
    const nonce = json['nonce'] as string | undefined
    const before = nonce === undefined || json['enforce_nonce'] !== true ? undefined : this.#nonces.get(nonce)
    if (before) return [200, before]
    const message = this.write({ channel, text: content, from: bot(), direct: channel === DISCORD.direct, more: nonce === undefined ? {} : { nonce } })
    message['uploads'] = files
    // What is fetched later has no nonce, as with Discord.
    delete message['nonce']
    if (nonce !== undefined) this.#nonces.set(nonce, message)
    return [200, { ...message, nonce }]
  }

  #thread(id: string, json: Json): [number, unknown] {
    if (this.threads.has(id)) return [400, { message: 'A thread has already been created for this message', code: 160004 }]
    this.threads.add(id)
    const first = json['message'] as Json | undefined
    if (first) this.messages.push({ id, channel_id: id, author: bot(), content: first['content'] })
    return [201, { id, type: 11, name: json['name'], parent_id: DISCORD.general, guild_id: DISCORD.guild }]
  }

  #reaction(method: string, message: Json, emoji: string): [number, unknown] {
    const others = ((message['reactions'] as { emoji: { name: string } }[] | undefined) ?? []).filter((one) => one.emoji.name !== emoji)
    message['reactions'] = method === 'PUT' ? [...others, { me: true, count: 1, emoji: { id: null, name: emoji } }] : others
    return [204, undefined]
  }
}

/** The person who writes, as Discord has them. */
export function person(more: Json = {}): Json {
  return { id: DISCORD.person, username: 'ada', global_name: 'Ada', discriminator: '0', avatar: null, ...more }
}

function bot(): Json {
  return { id: DISCORD.bot, username: 'talaria', global_name: null, discriminator: '0', avatar: null, bot: true }
}

async function parse(request: IncomingMessage): Promise<{ json: Json; files: UploadedFile[] }> {
  const bytes = await bodyOf(request)
  const type = request.headers['content-type'] ?? ''
  if (!type.startsWith('multipart/')) return { json: bytes.length === 0 ? {} : (JSON.parse(String(bytes)) as Json), files: [] }
  const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData()
  const parts = [...form.values()].filter((part) => typeof part !== 'string')
  const files = await Promise.all(parts.map(async (part) => ({ name: part.name, bytes: await part.bytes() })))
  return { json: JSON.parse((form.get('payload_json') ?? '{}') as string) as Json, files }
}

function reply(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers })
  response.end(body === undefined ? undefined : JSON.stringify(body))
}
