import { createId, type Clock } from '@talaria/core'
import type { ChatAddress } from '../../chats/chat-address.ts'
import type { InboundAttachment, InboundMessage } from '../../chats/inbound-message.ts'
import type { OutboundMessage } from '../../chats/outbound-message.ts'
import { PlatformError, type PlatformErrorCode } from '../platform-error.ts'
import { TwinInbox, type Receive } from './twin-inbox.ts'

export interface TwinFile {
  /** A document unless it says so. */
  readonly kind?: InboundAttachment['kind']
  readonly name: string
  readonly bytes: Uint8Array
}

/** What a person writes there, where it differs from a direct message in `chat-1`. */
export interface TwinWords extends Partial<Omit<InboundMessage, 'address' | 'attachments' | 'text'>> {
  readonly chatId?: string
  readonly threadId?: string
  readonly files?: readonly TwinFile[]
}

/** A message of ours as people there see it. */
export interface TwinMessage {
  /** The id by which we know it. */
  readonly id: string
  /** The id by which the service knows it. */
  readonly messageId: string
  readonly address: ChatAddress
  readonly replyTo: string | undefined
  text: string
  /** How often its text was changed. */
  edits: number
  reaction: string | undefined
  readonly files: readonly TwinFile[]
}

type Lost = (error: PlatformError) => void

/**
 * A chat service that lives in memory: its people, what they wrote and saw, and switches for everything that goes wrong
 * with a service. It delivers messages in order, each until it was acknowledged, and keeps what it was sent.
 */
export class TwinService {
  readonly account = 'twin-bot'
  readonly maxLength = 4_000
  readonly #clock: Clock
  readonly #inbox: TwinInbox
  readonly #connections = new Map<Receive, Lost>()
  readonly #files = new Map<string, Uint8Array>()
  readonly #sent: TwinMessage[] = []
  #refusal: PlatformError | undefined
  #isHanging = false
  #diesAfterSend = false
  #copies = 1
  #typings = 0
  #asked = 0

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock
    this.#inbox = new TwinInbox(clock)
  }

  /** What was sent, as it reads now, oldest first. */
  get sent(): readonly TwinMessage[] {
    return this.#sent
  }

  /** Ids of people's messages that it was told were taken, in order, one for each time. */
  get acknowledged(): readonly string[] {
    return this.#inbox.acknowledged
  }

  /** How often it was shown that we are writing. */
  get typings(): number {
    return this.#typings
  }

  /** How often it was asked anything at all. */
  get asked(): number {
    return this.#asked
  }

  /** Connections open now. */
  get connections(): number {
    return this.#connections.size
  }

  /** A person writes; returns the id of the message. */
  say(text: string, { chatId = 'chat-1', threadId = '', files = [], ...words }: TwinWords = {}): string {
    const message: InboundMessage = {
      address: { platform: 'twin', account: this.account, chatId, threadId },
      kind: 'direct',
      messageId: createId('msg'),
      sender: { id: 'person-1', name: 'A person' },
      text,
      attachments: files.map((file) => this.#attach(file)),
      mentionsUs: (words.kind ?? 'direct') === 'direct',
      sentAt: this.#clock.now(),
      ...words,
    }
    this.#inbox.add(message, this.#copies)
    return message.messageId
  }

  /** Whatever is asked of it from now on fails with this. */
  refuse(code: PlatformErrorCode, retryAfterMs?: number): void {
    this.#refusal = new PlatformError(code, `The twin refuses: ${code}.`, retryAfterMs === undefined ? {} : { retryAfterMs })
  }

  /** It answers nothing from now on. */
  hang(): void {
    this.#isHanging = true
  }

  /** The next message arrives there, and the connection dies before we are told. */
  dieAfterSend(): void {
    this.#diesAfterSend = true
  }

  /** Delivers each message of people this many times from now on. */
  duplicate(copies: number): void {
    this.#copies = copies
  }

  /** All connections die now. */
  drop(): void {
    for (const [receive, lost] of this.#connections) {
      this.close(receive)
      lost(new PlatformError('connection_lost', 'The twin dropped the connection.'))
    }
  }

  /** Ends {@link refuse}, {@link hang}, {@link dieAfterSend} and {@link duplicate}. */
  heal(): void {
    this.#refusal = undefined
    this.#isHanging = false
    this.#diesAfterSend = false
    this.#copies = 1
  }

  /** Opens a connection: people's messages are handed to `receive` until it is closed. */
  async open(receive: Receive, lost: Lost, signal: AbortSignal): Promise<void> {
    await this.#answer(signal)
    this.#connections.set(receive, lost)
    this.#inbox.connect(receive)
  }

  close(receive: Receive): void {
    this.#connections.delete(receive)
    this.#inbox.disconnect(receive)
  }

  async ping(signal: AbortSignal): Promise<void> {
    await this.#answer(signal)
  }

  async send({ id, address, text, replyTo }: OutboundMessage, files: readonly TwinFile[], signal: AbortSignal): Promise<string> {
    await this.#answer(signal)
    if (text.length > this.maxLength) throw new PlatformError('too_long', `The twin takes ${this.maxLength} characters at most.`)
    const messageId = createId('msg')
    this.#sent.push({ id, messageId, address, replyTo, text, edits: 0, reaction: undefined, files })
    if (!this.#diesAfterSend) return messageId
    this.#diesAfterSend = false
    this.drop()
    throw new PlatformError('unknown_outcome', 'The connection died before the twin had answered.')
  }

  async edit(messageId: string, text: string, signal: AbortSignal): Promise<void> {
    const message = await this.#message(messageId, signal)
    message.text = text
    message.edits += 1
  }

  async react(messageId: string, emoji: string | undefined, signal: AbortSignal): Promise<void> {
    ;(await this.#message(messageId, signal)).reaction = emoji
  }

  async typing(signal: AbortSignal): Promise<void> {
    await this.#answer(signal)
    this.#typings += 1
  }

  /** The message of ours with this id of ours. */
  async find(id: string, signal: AbortSignal): Promise<TwinMessage | undefined> {
    await this.#answer(signal)
    return this.#sent.find((one) => one.id === id)
  }

  async download(id: string, signal: AbortSignal): Promise<Uint8Array> {
    await this.#answer(signal)
    const bytes = this.#files.get(id)
    if (bytes) return bytes
    throw new PlatformError('rejected', 'The twin has no such file.')
  }

  #attach({ kind = 'document', name, bytes }: TwinFile): InboundAttachment {
    const id = createId('file')
    this.#files.set(id, bytes)
    return { kind, name, size: bytes.byteLength, ref: { id } }
  }

  async #message(messageId: string, signal: AbortSignal): Promise<TwinMessage> {
    await this.#answer(signal)
    const message = this.#sent.find((one) => one.messageId === messageId)
    if (message) return message
    throw new PlatformError('message_not_found', 'The twin has no such message.')
  }

  /** Rejects when it is to refuse, and not before the signal aborts when it is to hang. */
  async #answer(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#asked += 1
    if (this.#isHanging) {
      const gone = Promise.withResolvers<never>()
      signal.addEventListener('abort', () => gone.reject(signal.reason as Error), { once: true })
      await gone.promise
    }
    if (this.#refusal) throw this.#refusal
  }
}
