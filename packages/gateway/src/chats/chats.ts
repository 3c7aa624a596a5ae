import type { Transcriber } from '@talaria/agent'
import { startLoop, type Clock, type Log } from '@talaria/core'
import type { GatewayStores, Inbound, Turn } from '@talaria/db'
import type { Commands } from '../commands/commands.ts'
import { roomForText } from '../delivery/duplicate-label.ts'
import type { Places } from '../delivery/resolve-target.ts'
import { startDelivery } from '../delivery/start-delivery.ts'
import type { Reception as Received } from '../platforms/definition.ts'
import type { Platform } from '../platforms/platform.ts'
import type { SettleChat } from '../turns/settle-turn.ts'
import type { Turns } from '../turns/turns.ts'
import type { Verdict } from './authorize-verdict.ts'
import type { ChatPolicy } from './chat-policy.ts'
import { ChatQueue } from './chat-queue.ts'
import { originOf, settleChat } from './chat-settlement.ts'
import { runChatTurn } from './chat-turn.ts'
import { deliverDirectly } from './deliver-directly.ts'
import type { InboundMessage } from './inbound-message.ts'
import type { MediaCache } from './media-cache.ts'
import { inboundMessageOf } from './merge-messages.ts'
import type { OngoingTurn } from './ongoing-turn.ts'
import { outboundRows } from './outbound-rows.ts'
import type { PathPolicy } from './path-policy.ts'
import { Reception } from './reception.ts'

/** Whatever waits is woken when it comes; this is for what another gateway of the home has left, or a database that refused. */
const LOOK_MS = 15_000

const CLEAN_EVERY_MS = 30 * 60_000

export interface ChatsOptions {
  readonly stores: GatewayStores
  readonly turns: Turns
  readonly runner: { readonly id: string }
  /** Names of the platforms that can be connected. */
  readonly platforms: readonly string[]
  /** The platform of this name while it is connected. */
  readonly connected: (platform: string) => Platform | undefined
  readonly authorize: (message: InboundMessage) => Promise<Verdict>
  readonly commands: Pick<Commands, 'dispatch' | 'implied'>
  readonly policyOf: (platform: string) => ChatPolicy
  /** Whether an operator wants nothing new to begin. */
  readonly isPaused: () => Promise<boolean>
  /** Where files are kept that came with messages. */
  readonly cache: MediaCache
  readonly maxAttachmentBytes: number
  /** Where files may be sent from. */
  readonly paths: PathPolicy
  /** The home chat of a platform that the settings name. */
  readonly configuredHome: Places['configuredHome']
  readonly transcriber?: Pick<Transcriber, 'transcribe'>
  /** Instructions by the names under which people choose them. */
  readonly personalities: Readonly<Record<string, string>>
  /** The name of the default model. */
  readonly modelName: string
  readonly clock: Clock
  readonly log: Log
}

/**
 * Conversations on chat platforms: takes messages in, has them answered one after the other, and sends what is to be
 * said. Everything between two steps is in the database, so that a process may die at any of them.
 */
export class Chats implements AsyncDisposable {
  readonly #options: ChatsOptions
  readonly #queue: ChatQueue
  readonly #reception: Reception
  readonly #running = new AsyncDisposableStack()

  /** Opens nothing; {@link start} does. */
  constructor(options: ChatsOptions) {
    const { connected } = options
    this.#options = options
    this.#queue = new ChatQueue({
      ...options,
      answer: (rows, ongoing, signal) => this.#answer(rows, ongoing, signal),
      giveUp: (rows, error) => this.#giveUp(rows, error),
      maxLength: (platform) => connected(platform)?.capabilities.maxLength ?? Infinity,
    })
    this.#reception = new Reception({ ...options, queue: this.#queue })
  }

  /** Begins to send, and goes on with what an earlier process has left waiting; once. */
  start(): void {
    const { cache, clock, log } = this.#options
    this.#running.use(startDelivery(this.#options))
    this.#running.use(startLoop({ name: 'waiting conversations', everyMs: LOOK_MS, clock, log, step: () => this.#queue.wakeAll() }))
    this.#running.use(startLoop({ name: 'media cache', everyMs: CLEAN_EVERY_MS, clock, log, step: async () => void (await cache.clean()) }))
  }

  /** Takes a message in. When it resolves the message is on disk, and the platform may be told. */
  receive(message: InboundMessage): Promise<Received> {
    return this.#reception.receive(message)
  }

  /** Something that was written down elsewhere waits in this conversation. */
  wake(sessionKey: string): void {
    this.#queue.wake(sessionKey)
  }

  /** What the end of a turn means for its chat, for whoever settles it in place of a process that is no more. */
  settlementOf(turn: Turn): SettleChat | undefined {
    const { stores, paths, log } = this.#options
    const origin = originOf(turn)
    return origin && ((outcome) => settleChat(origin, outcome, { stores, paths, places: this.#places, roomOn: (platform) => this.#roomOn(platform), log }))
  }

  /** Takes over what a process has left behind that is no more; its turns are settled by now. */
  async adopt(deadRunner: string): Promise<void> {
    const { stores, runner } = this.#options
    await stores.outbound.adopt(deadRunner, runner.id)
    await stores.inbound.adopt(deadRunner, runner.id)
    // All: those that only waited for what the other one had taken are due as well.
    await this.#queue.wakeAll()
  }

  /** Begins nothing more, waits for what has begun, and sends what has left; the rest waits in the database. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reception[Symbol.asyncDispose]()
    await this.#queue[Symbol.asyncDispose]()
    await this.#running.disposeAsync()
  }

  get #places(): Places {
    const { stores, platforms, connected, configuredHome } = this.#options
    return { chats: stores.chats, platforms, accountOn: (platform) => connected(platform)?.account, configuredHome }
  }

  #roomOn(platform: string): number {
    return roomForText(this.#options.connected(platform)?.capabilities.maxLength)
  }

  #answer(rows: readonly Inbound[], ongoing: OngoingTurn, signal: AbortSignal): Promise<void> {
    const [first] = rows
    const message = inboundMessageOf(first!)
    const options = { ...this.#options, places: this.#places }
    if (!message.delivery?.isDirect) return runChatTurn(rows, { ongoing, signal }, options)
    return deliverDirectly(rows, message, { ...options, roomOn: (platform) => this.#roomOn(platform) })
  }

  async #giveUp(rows: readonly Inbound[], error: unknown): Promise<void> {
    const { stores, log } = this.#options
    const [row] = rows
    log.error({ err: error, inbound: row!.id }, 'a message is given up: it could not be answered')
    const ids = rows.map(({ id }) => id)
    await stores.inbound.finish(ids, { state: 'discarded', reason: 'unanswerable' })
    const { address, messageId, wakes } = inboundMessageOf(row!)
    if (wakes) return
    const text = 'I could not begin to answer this, though I tried for a while. Please send it again later.'
    await stores.outbound.add(outboundRows({ kind: 'notice', address, replyTo: messageId, text }, this.#roomOn(address.platform)))
  }
}
