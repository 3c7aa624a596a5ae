import { readFile } from 'node:fs/promises'
import { MessageFlags, Routes, type APIMessage, type APIThreadChannel, type RawFile, type RouteLike } from 'discord.js'
import type { ChatAddress } from '../../chats/chat-address.ts'
import type { InboundAttachment } from '../../chats/inbound-message.ts'
import type { OutboundMessage } from '../../chats/outbound-message.ts'
import type { Capabilities } from '../capabilities.ts'
import { PlatformError } from '../platform-error.ts'
import type { Platform, Sent } from '../platform.ts'
import { isForum } from './channel-directory.ts'
import type { DiscordContext } from './discord-context.ts'
import { discordErrorOf } from './discord-error.ts'
import type { Gateway } from './open-gateway.ts'
import { nonceOf, type SentMessages } from './sent-messages.ts'
import { timeOfSnowflake } from './snowflake.ts'

const CAPABILITIES: Capabilities = {
  threads: true,
  edits: true,
  typing: true,
  reactions: true,
  files: true,
  voice: true,
  maxLength: 2_000,
  markup: 'markdown',
  editEveryMs: 1_100, // Five in five seconds, for sending and editing each.
  commandPrefix: '/',
}
const ATTACHMENT_HOSTS: ReadonlySet<string> = new Set(['cdn.discordapp.com', 'media.discordapp.net'])
const RESENDS = 2
const RESEND_AFTER_MS = 500
const FOUND_WITHIN_MS = 5 * 60_000
// Whatever a model writes, it calls nobody: not everyone, not a role, not even whom it answers.
const NO_MENTIONS = { parse: [], replied_user: false }
const NAME_LENGTH = 80

export interface DiscordPlatformOptions {
  readonly context: DiscordContext
  readonly gateway: Gateway
  readonly sent: SentMessages
  readonly lost: (error: PlatformError) => void
}

/** Discord while it is connected. */
export class DiscordPlatform implements Platform {
  readonly account: string
  readonly capabilities = CAPABILITIES
  readonly #context: DiscordContext
  readonly #gateway: Gateway
  readonly #sent: SentMessages
  readonly #lost: (error: PlatformError) => void

  constructor({ context, gateway, sent, lost }: DiscordPlatformOptions) {
    this.account = context.us
    this.#context = context
    this.#gateway = gateway
    this.#sent = sent
    this.#lost = lost
  }

  async send(message: OutboundMessage, signal: AbortSignal): Promise<Sent> {
    const { address, text, replyTo, silent, attachments, id } = message
    const nonce = nonceOf(id)
    const files = await Promise.all(
      attachments.map(async ({ path, name, mediaType }): Promise<RawFile> => ({ data: await readFile(path), name, contentType: mediaType })),
    )
    const body = {
      content: text,
      allowed_mentions: NO_MENTIONS,
      flags: silent ? MessageFlags.SuppressNotifications : 0,
    }
    const channel = address.threadId === '' ? await this.#context.channels.find(address.chatId) : undefined
    if (channel && isForum(channel)) return this.#post(address, { body, files, name: text }, signal)
    const reference = replyTo !== undefined && replyTo !== address.threadId ? { message_reference: { message_id: replyTo, fail_if_not_exists: false } } : {}
    const request = { body: { ...body, ...reference, nonce, enforce_nonce: true }, ...(files.length > 0 && { files }) }
    const sent = await this.#inThread(address, signal, (channelId) => this.#postOnce(Routes.channelMessages(channelId), request, signal))
    this.#sent.saw({ id: sent.id, nonce })
    return { messageId: sent.id }
  }

  async edit(address: ChatAddress, messageId: string, text: string, signal: AbortSignal): Promise<void> {
    const body = { content: text, allowed_mentions: NO_MENTIONS }
    await this.#call('patch', Routes.channelMessage(await this.#channelOf(address, messageId), messageId), { body }, signal)
  }

  async typing(address: ChatAddress, signal: AbortSignal): Promise<void> {
    await this.#inThread(address, signal, (channelId) => this.#call('post', Routes.channelTyping(channelId), {}, signal))
  }

  async react(address: ChatAddress, messageId: string, emoji: string | undefined, signal: AbortSignal): Promise<void> {
    // What began a thread stands in the channel, not in the thread.
    const channelId = messageId === address.threadId ? address.chatId : await this.#channelOf(address, messageId)
    const { reactions = [] } = (await this.#call('get', Routes.channelMessage(channelId, messageId), {}, signal)) as APIMessage
    const ours = reactions.filter(({ me }) => me).map((reaction) => reaction.emoji.id ?? reaction.emoji.name ?? '')
    const route = (name: string) => Routes.channelMessageOwnReaction(channelId, messageId, encodeURIComponent(name))
    if (emoji !== undefined && !ours.includes(emoji)) await this.#call('put', route(emoji), {}, signal)
    for (const name of ours) if (name !== emoji) await this.#call('delete', route(name), {}, signal)
  }

  /** By the nonce of what Discord showed us since, else by a message of ours with this text that answers no other sending. */
  async find(message: OutboundMessage, signal: AbortSignal): Promise<Sent | undefined> {
    const known = this.#sent.find(nonceOf(message.id))
    if (known !== undefined) return { messageId: known }
    const query = new URLSearchParams({ limit: '50' })
    const channelId = message.address.threadId || message.address.chatId
    const recent = (await this.#call('get', Routes.channelMessages(channelId), { query }, signal)) as APIMessage[]
    const since = this.#context.clock.now() - FOUND_WITHIN_MS
    const found = recent.find(
      ({ id, author, content, nonce }) =>
        author.id === this.account && (nonce === nonceOf(message.id) || (content === message.text && !this.#sent.has(id) && timeOfSnowflake(id) >= since)),
    )
    return found && { messageId: found.id }
  }

  async download({ ref }: InboundAttachment, { maxBytes }: { readonly maxBytes: number }, signal: AbortSignal): Promise<Uint8Array> {
    const url = URL.parse(String(ref['url']))
    // The address came over the wire: nothing but Discord's own files is fetched.
    const isTheirs = url && (ATTACHMENT_HOSTS.has(url.host) || url.host === new URL(this.#context.settings.discordApiRoot).host)
    if (!isTheirs) throw new PlatformError('rejected', 'An attachment is not kept by Discord.')
    const response = await this.#context.http.fetch(url, { signal }, { maxBytes })
    if (!response.ok) throw new PlatformError(response.status === 404 ? 'message_not_found' : 'rejected', `The attachment is not there (${response.status}).`)
    return new Uint8Array(await response.arrayBuffer())
  }

  probe(signal: AbortSignal): Promise<void> {
    return this.#gateway.probe(signal)
  }

  /** A message that may have arrived is sent again at once: within minutes Discord knows the nonce and gives back the first. */
  async #postOnce(route: RouteLike, request: object, signal: AbortSignal): Promise<APIMessage> {
    for (let attempt = 0; ; attempt++) {
      try {
        return (await this.#call('post', route, request, signal)) as APIMessage
      } catch (error) {
        if (signal.aborted || attempt === RESENDS || !(error instanceof PlatformError) || error.code !== 'unknown_outcome') throw error
        await this.#context.clock.delay(RESEND_AFTER_MS * 2 ** attempt, signal).catch(() => {
          throw error
        })
      }
    }
  }

  /** A new post of a forum, which begins with the message and has its id. */
  async #post(address: ChatAddress, { body, files, name }: { body: object; files: RawFile[]; name: string }, signal: AbortSignal): Promise<Sent> {
    const request = { body: { name: titleOf(name), message: body }, ...(files.length > 0 && { files }) }
    const post = (await this.#call('post', Routes.threads(address.chatId), request, signal)) as APIThreadChannel
    return { messageId: post.id }
  }

  /** Does something in the channel of an address; a thread that is yet to be begun is begun first. */
  async #inThread<Result>(address: ChatAddress, signal: AbortSignal, work: (channelId: string) => Promise<Result>): Promise<Result> {
    const channelId = address.threadId || address.chatId
    try {
      return await work(channelId)
    } catch (error) {
      if (address.threadId === '' || !(error instanceof PlatformError) || error.code !== 'chat_not_found') throw error
      await this.#beginThread(address, signal).catch((failure: unknown) => {
        // A thread that was really deleted: that is what its chat is told.
        if (failure instanceof PlatformError && failure.code === 'message_not_found') throw error
        throw failure
      })
      return await work(channelId)
    }
  }

  async #beginThread({ chatId, threadId }: ChatAddress, signal: AbortSignal): Promise<void> {
    const { content } = (await this.#call('get', Routes.channelMessage(chatId, threadId), {}, signal)) as APIMessage
    const body = { name: titleOf(content.replaceAll(/<[@#:a-z&!][^>]*>/gi, '')) }
    await this.#call('post', Routes.threads(chatId, threadId), { body }, signal).catch((error: unknown) => {
      if (!(error instanceof PlatformError && String(error.cause).includes('already'))) throw error
    })
  }

  /** Where a message of ours stands: the first one of a post has the post's id. */
  async #channelOf(address: ChatAddress, messageId: string): Promise<string> {
    if (address.threadId !== '') return address.threadId
    const channel = await this.#context.channels.find(address.chatId)
    return channel && isForum(channel) ? messageId : address.chatId
  }

  async #call(method: 'get' | 'post' | 'patch' | 'put' | 'delete', route: RouteLike, request: object, signal: AbortSignal): Promise<unknown> {
    try {
      // A signal of this call's own: the library leaves its listener on it.
      return await this.#context.rest[method](route, { ...request, signal: AbortSignal.any([signal]) })
    } catch (thrown) {
      const error = discordErrorOf(thrown)
      if (error.code === 'auth_failed') this.#lost(error)
      throw error
    }
  }
}

function titleOf(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, NAME_LENGTH) || 'Conversation'
}
