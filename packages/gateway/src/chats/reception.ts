import { createId, type Clock, type Log } from '@talaria/core'
import type { BusyMode, GatewayStores } from '@talaria/db'
import type { AskedByCommand, CommandContext } from '../commands/command-reply.ts'
import type { Commands } from '../commands/commands.ts'
import { parseCommand } from '../commands/parse-command.ts'
import { roomForText } from '../delivery/duplicate-label.ts'
import type { Reception as Received } from '../platforms/definition.ts'
import type { Platform } from '../platforms/platform.ts'
import type { Tier, Verdict } from './authorize-verdict.ts'
import type { ChatPolicy } from './chat-policy.ts'
import type { ChatQueue } from './chat-queue.ts'
import type { InboundMessage } from './inbound-message.ts'
import { outboundRows, type Reply } from './outbound-rows.ts'
import { ownerOf } from './owner.ts'
import { sessionKeyOf } from './session-key.ts'

/** Messages that wait in one conversation; one more is refused. */
const MOST_WAITING = 32

const COMMAND_PATIENCE_MS = 2_000

export interface ReceptionOptions {
  readonly stores: Pick<GatewayStores, 'inbound' | 'outbound' | 'chats'>
  readonly authorize: (message: InboundMessage) => Promise<Verdict>
  readonly commands: Pick<Commands, 'dispatch' | 'implied'>
  readonly queue: Pick<ChatQueue, 'wake' | 'ongoing'>
  readonly policyOf: (platform: string) => ChatPolicy
  readonly connected: (platform: string) => Platform | undefined
  readonly clock: Clock
  readonly log: Log
}

/** Takes messages in: once each, from who may talk to us, and on disk before the platform is told. */
export class Reception implements AsyncDisposable {
  readonly #options: ReceptionOptions
  readonly #commands = new Set<Promise<void>>()

  constructor(options: ReceptionOptions) {
    this.#options = options
  }

  /** Resolves when the message is on disk, or needs not be. Rejects when it could not be written: the platform is to send it again. */
  async receive(message: InboundMessage): Promise<Received> {
    const verdict = await this.#options.authorize(message)
    if (verdict.kind === 'ignored') return 'ignored'
    if (verdict.kind === 'refused') return this.#refuse(message, verdict.answer)
    const { stores } = this.#options
    const { address, kind, chatName = null, parentChatId = null } = message
    await stores.chats.seen(address, { kind, name: chatName, parentChatId })
    await stores.chats.heal(address)
    const command = await this.#commandIn(message, verdict.tier)
    return command === undefined ? this.#enqueue(message) : this.#command({ ...message, text: command }, verdict.tier)
  }

  /** Waits for the commands that are being carried out. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#commands)
  }

  async #refuse(message: InboundMessage, answer: string | undefined): Promise<Received> {
    if (answer === undefined) return 'refused'
    // Written only when there is an answer: strangers must not be able to fill the disk.
    if (await this.#note(message, 'refused')) await this.#say(message, { kind: 'notice', text: answer })
    return 'refused'
  }

  async #enqueue(message: InboundMessage): Promise<Received> {
    const { stores, queue, policyOf } = this.#options
    const sessionKey = this.#keyOf(message)
    const mode = (await stores.chats.get(message.address))?.settings.busyMode ?? policyOf(message.address.platform).busyMode
    const ongoing = queue.ongoing(sessionKey)
    if (await this.#isFull(sessionKey, mode)) return this.#reject(message, mode)
    const row = {
      id: createId('in', this.#options.clock.now()),
      address: message.address,
      messageId: message.messageId,
      sessionKey,
      sender: message.sender,
      body: message,
      mode,
    }
    const { status, id } = await stores.inbound.accept(row)
    if (status === 'duplicate') return 'duplicate'
    if (ongoing && mode === 'steer') ongoing.steer(id, message)
    if (ongoing && mode === 'interrupt') ongoing.interrupt()
    queue.wake(sessionKey)
    return 'accepted'
  }

  async #isFull(sessionKey: string, mode: BusyMode): Promise<boolean> {
    const { stores, queue } = this.#options
    if (mode === 'reject') return queue.ongoing(sessionKey) !== undefined
    return (await stores.inbound.count(sessionKey)) >= MOST_WAITING
  }

  async #reject(message: InboundMessage, mode: BusyMode): Promise<Received> {
    if (!(await this.#note(message, 'rejected'))) return 'duplicate'
    const text =
      mode === 'reject'
        ? 'I am still answering. Please send this again when I am done.'
        : `${MOST_WAITING} messages wait here already, so I did not take this one.`
    await this.#say(message, { kind: 'notice', text })
    return 'refused'
  }

  /** The command that a message is, or stands for. */
  async #commandIn(message: InboundMessage, tier: Tier): Promise<string | undefined> {
    if (message.isVouchedFor) return undefined
    const context = this.#contextOf(message, tier)
    return parseCommand(message.text, context.prefix) ? message.text : this.#options.commands.implied(message, context)
  }

  /** A command is carried out at most once: what a crash cuts short is typed again by who typed it. */
  async #command(message: InboundMessage, tier: Tier): Promise<Received> {
    if (!(await this.#note(message, 'command'))) return 'duplicate'
    const running = this.#carryOut(message, tier).finally(() => this.#commands.delete(running))
    this.#commands.add(running)
    // The next message may depend on it; one that takes long is not waited for, or it would hold up everybody on the platform.
    await Promise.race([running, this.#options.clock.delay(COMMAND_PATIENCE_MS)])
    return 'accepted'
  }

  async #carryOut(message: InboundMessage, tier: Tier): Promise<void> {
    const { commands, log } = this.#options
    const context = this.#contextOf(message, tier)
    const { sessionKey } = context
    try {
      const reply = await commands.dispatch(message, context)
      if (!reply) return await this.#ask(message, { text: message.text })
      await this.#say(message, { kind: 'command', text: reply.text, attachments: reply.attachments ?? [], sessionKey })
      if (reply.ask) await this.#ask(message, reply.ask)
    } catch (error) {
      const id = createId('err')
      log.error({ err: error, error_id: id, command: message.text.split(/\s/, 1)[0] }, 'a command failed')
      await this.#say(message, { kind: 'command', text: `That did not work (${id}).` }).catch(() => {})
    }
  }

  /** Has the agent asked what a command says. */
  async #ask(message: InboundMessage, { text, sessionKey = this.#keyOf(message) }: AskedByCommand): Promise<void> {
    const { stores, queue, clock } = this.#options
    await stores.inbound.accept({
      id: createId('in', clock.now()),
      address: message.address,
      // The command itself is written down under the platform's id.
      messageId: `${message.messageId}#ask`,
      sessionKey,
      sender: message.sender,
      body: { ...message, text },
      mode: 'queue',
    })
    queue.wake(sessionKey)
  }

  /** Writes down a message that needs no turn, to know its duplicates; false for one of them. */
  async #note(message: InboundMessage, reason: 'command' | 'refused' | 'rejected'): Promise<boolean> {
    const { stores, clock } = this.#options
    const { address, messageId, sender } = message
    const row = {
      id: createId('in', clock.now()),
      address,
      messageId,
      sessionKey: this.#keyOf(message),
      sender,
      body: {},
      mode: 'queue',
      state: 'done',
      reason,
    } as const
    return (await stores.inbound.accept(row)).status === 'accepted'
  }

  async #say({ address, messageId }: InboundMessage, reply: Omit<Reply, 'address' | 'replyTo'>): Promise<void> {
    const room = roomForText(this.#options.connected(address.platform)?.capabilities.maxLength)
    const rows = outboundRows({ ...reply, address, replyTo: messageId }, room)
    if (rows.length > 0) await this.#options.stores.outbound.add(rows)
  }

  #contextOf(message: InboundMessage, tier: Tier): CommandContext {
    const { platform } = message.address
    const prefix = this.#options.connected(platform)?.capabilities.commandPrefix ?? '/'
    return { sessionKey: this.#keyOf(message), owner: ownerOf(message, this.#options.policyOf(platform).sharing), tier, prefix }
  }

  #keyOf(message: InboundMessage): string {
    return sessionKeyOf(message, this.#options.policyOf(message.address.platform).sharing)
  }
}
