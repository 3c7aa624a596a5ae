import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Message, Update, User } from 'grammy/types'
import { readTelegramCall, type TelegramParameters } from './telegram-call.ts'
import { answerTelegramMethod, TelegramRefusal } from './telegram-methods.ts'

/** What goes wrong with the next calls of a method. */
export type TelegramFault =
  | { readonly kind: 'refuse'; readonly status: number; readonly description: string; readonly parameters?: Record<string, unknown> }
  /** The call is carried out, and the connection cut before the answer. */
  | { readonly kind: 'cut' }
  /** Nothing is done and nothing answered. */
  | { readonly kind: 'hang' }
  /** What a proxy in front says. */
  | { readonly kind: 'html'; readonly status: number }

/** A message as the server keeps it. */
export interface KeptMessage {
  readonly id: number
  readonly method: string
  parameters: TelegramParameters
  edits: number
}

/**
 * A Bot API server on loopback: the methods that we use, with Telegram's limits, words and numbers; long polling that
 * waits; deliveries to a webhook; files; and faults on demand.
 */
export class TelegramServer implements AsyncDisposable {
  readonly token: string = '123456789:AAHfake-token-of-a-fake-bot-0000000'
  readonly bot: User = { id: 123456789, is_bot: true, first_name: 'Talaria', username: 'talaria_bot' }
  /** Every call, in the order of arrival. */
  readonly calls: { method: string; parameters: TelegramParameters }[] = []
  readonly messages: KeptMessage[] = []
  readonly reactions = new Map<string, unknown>()
  readonly files = new Map<string, { readonly path: string; readonly bytes: Uint8Array; readonly size?: number }>()
  /** Chats that have blocked the bot. */
  readonly blocked = new Set<string>()
  /** Updates that the bot has not confirmed, oldest first. */
  readonly pending: Update[] = []
  webhook: { url: string; secret: string } | undefined
  /** What goes wrong with every call, as long as it is set. */
  outage: TelegramFault | undefined
  /** Requests of any kind, those with a wrong token included. */
  asked = 0
  /** Updates that the bot has taken. */
  confirmed = 0
  readonly #server: Server
  readonly #faults = new Map<string, TelegramFault[]>()
  #polling: PromiseWithResolvers<'updates' | 'conflict'> | undefined
  #nextUpdate = 1000
  #nextMessage = 1

  private constructor(server: Server) {
    this.#server = server
  }

  static async start({ port = 0 }: { readonly port?: number } = {}): Promise<TelegramServer> {
    const server = createServer()
    const telegram = new TelegramServer(server)
    server.on('request', (request, response) => void telegram.#answer(request, response).catch(() => response.destroy()))
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return telegram
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** What a bot needs to be connected to this server. */
  get env(): Record<string, string> {
    return { TELEGRAM_BOT_TOKEN: this.token, TELEGRAM_API_ROOT: this.url }
  }

  /** Open connections of the bot. */
  async connections(): Promise<number> {
    return new Promise((resolve, reject) => this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count))))
  }

  /** The next calls of the method go wrong, one a fault. */
  fail(method: string, ...faults: TelegramFault[]): void {
    this.#faults.set(method, [...(this.#faults.get(method) ?? []), ...faults])
  }

  /** Somebody writes; the bot hears of it by polling, or now by its webhook. */
  async say(message: Partial<Message>): Promise<void> {
    this.queue(message)
    await this.deliver()
  }

  /** Somebody writes; a bot that polls hears of it, one with a webhook when it is delivered. */
  queue(message: Partial<Message>): void {
    const ada = { id: 42, is_bot: false, first_name: 'Ada' }
    const chat = { id: 42, type: 'private', first_name: 'Ada' }
    const whole = { message_id: this.takeMessageId(), date: 1_750_000_000, from: ada, chat, ...message }
    this.push({ update_id: this.#nextUpdate++, message: whole } as Update)
  }

  /** Gives the bot an update as it stands. */
  push(update: Update): void {
    this.pending.push(update)
    this.#polling?.resolve('updates')
  }

  /** Delivers what waits to the webhook, one after another, until one is not taken. */
  async deliver(): Promise<void> {
    while (this.webhook && this.pending.length > 0) {
      const headers = { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': this.webhook.secret }
      const response = await fetch(this.webhook.url, { method: 'POST', headers, body: JSON.stringify(this.pending[0]) })
      if (response.status !== 200) return
      this.pending.shift()
      this.confirmed++
    }
  }

  /** Closes every connection now. */
  drop(): void {
    this.#server.closeAllConnections()
  }

  takeMessageId(): number {
    return this.#nextMessage++
  }

  /** Waits as Telegram does: until there is something from the offset on, or the time is over; a second asker ends the first. */
  async updates(offset: number, timeoutSeconds: number, limit: number): Promise<Update[]> {
    if (this.webhook)
      throw new TelegramRefusal(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
    this.#polling?.resolve('conflict')
    while (this.pending[0] && this.pending[0].update_id < offset) {
      this.pending.shift()
      this.confirmed++
    }
    if (this.pending.length === 0) {
      const waiting = Promise.withResolvers<'updates' | 'conflict'>()
      this.#polling = waiting
      const timer = setTimeout(() => waiting.resolve('updates'), timeoutSeconds * 1_000)
      const end = await waiting.promise
      clearTimeout(timer)
      if (this.#polling === waiting) this.#polling = undefined
      if (end === 'conflict')
        throw new TelegramRefusal(409, 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running')
    }
    return this.pending.slice(0, limit)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#polling?.resolve('updates')
    if (!this.#server.listening) return
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked++
    const path = decodeURIComponent(new URL(request.url ?? '/', this.url).pathname)
    const file = path.startsWith(`/file/bot${this.token}/`) ? path.slice(`/file/bot${this.token}/`.length) : undefined
    if (file !== undefined) return this.#answerFile(file, response)
    const [, token, method = ''] = /^\/bot([^/]+)\/(\w+)$/.exec(path) ?? []
    if (token === undefined) return respond(response, 404, { ok: false, error_code: 404, description: 'Not Found' })
    const parameters = await readTelegramCall(request)
    if (token !== this.token) return respond(response, 401, { ok: false, error_code: 401, description: 'Unauthorized' })
    this.calls.push({ method, parameters })
    const fault = this.#faults.get(method)?.shift() ?? this.outage
    if (fault?.kind === 'hang') return
    if (fault?.kind === 'html') return void response.writeHead(fault.status, { 'content-type': 'text/html' }).end('<html>Bad Gateway</html>')
    if (fault?.kind === 'refuse') {
      const { status, description, parameters: more } = fault
      return respond(response, status, { ok: false, error_code: status, description, ...(more && { parameters: more }) })
    }
    // Whoever hangs up waits no longer.
    if (method === 'getUpdates') response.once('close', () => this.#polling?.resolve('updates'))
    try {
      const result = await answerTelegramMethod(this, method, parameters)
      if (fault?.kind === 'cut') return void response.destroy()
      respond(response, 200, { ok: true, result })
    } catch (error) {
      if (!(error instanceof TelegramRefusal)) throw error
      respond(response, error.status, { ok: false, error_code: error.status, description: error.message })
    }
  }

  #answerFile(path: string, response: ServerResponse): void {
    const file = [...this.files.values()].find((one) => one.path === path)
    if (!file) return respond(response, 404, { ok: false, error_code: 404, description: 'Not Found' })
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(file.bytes)
  }
}

function respond(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
