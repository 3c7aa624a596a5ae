import { GatewayDispatchEvents, Routes, type APIMessage, type GatewayDispatchPayload, type GatewayGuildCreateDispatchData } from 'discord.js'
import { PlatformError } from '../platform-error.ts'
import type { DiscordContext } from './discord-context.ts'
import { inboundMessageOf, isListenedTo, type DiscordMessage } from './inbound-message-of.ts'
import { takeInteraction } from './interactions.ts'
import { RecentMap } from './recent-map.ts'
import type { SentMessages } from './sent-messages.ts'
import { timeOfSnowflake } from './snowflake.ts'

const MOST_WAITING = 5_000
const MOST_CHANNELS = 50 // Of one server, those that were written in last.
const DIRECT_CHANNELS = 500

/**
 * Direct chats of every account and the last message that came in each. Discord tells nobody in which ones a bot was
 * written to meanwhile, so the next attempt has to know; it lives in the process because an attempt does not.
 */
const directChats = new RecentMap<string>(DIRECT_CHANNELS)

/** Takes in what the gateway sends, one after the other as it came. */
export class DiscordIntake {
  readonly #context: DiscordContext
  readonly #sent: SentMessages
  readonly #lost: (error: PlatformError) => void
  #tail: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(context: DiscordContext, { sent, lost }: { readonly sent: SentMessages; readonly lost: (error: PlatformError) => void }) {
    this.#context = context
    this.#sent = sent
    this.#lost = lost
  }

  /** Takes one event in, after those before it. What cannot be written down ends the connection: the next one fetches it again. */
  take(packet: GatewayDispatchPayload): void {
    if (this.#waiting >= MOST_WAITING) return this.#lost(new PlatformError('internal', `More than ${MOST_WAITING} events of Discord are waiting.`))
    this.#waiting += 1
    this.#tail = this.#tail
      .then(() => this.#handle(packet))
      .catch((error: unknown) => this.#lost(new PlatformError('internal', `An event of Discord was not taken in.`, { cause: error })))
      .finally(() => (this.#waiting -= 1))
  }

  async #handle(packet: GatewayDispatchPayload): Promise<void> {
    if (this.#context.signal.aborted) return
    if (packet.t === GatewayDispatchEvents.MessageCreate) return this.#message(packet.d)
    if (packet.t === GatewayDispatchEvents.InteractionCreate) return takeInteraction(packet.d, this.#context)
    if (!this.#context.settings.discordMissedMessageBackfill) return
    if (packet.t === GatewayDispatchEvents.GuildCreate) return this.#missedOf(packet.d)
    if (packet.t === GatewayDispatchEvents.Ready) return this.#missedDirectly()
  }

  async #message(message: DiscordMessage): Promise<void> {
    const { us, receive } = this.#context
    if (message.author.id === us) return this.#sent.saw(message)
    const inbound = await inboundMessageOf(message, this.#context)
    if (!inbound) return
    await receive(inbound)
    if (inbound.kind === 'direct') directChats.set(`${us}:${message.channel_id}`, message.id)
  }

  /** What was written in a server's channels lately; what came in before is known by its id and stops in the inbox. */
  async #missedOf(guild: GatewayGuildCreateDispatchData): Promise<void> {
    if (guild.unavailable) return
    const { settings, clock } = this.#context
    const since = clock.now() - settings.discordMissedMessageBackfillWindow * 1_000
    const recent = [...guild.channels, ...guild.threads]
      .flatMap((channel) => ('last_message_id' in channel && channel.last_message_id ? [{ channel, last: channel.last_message_id }] : []))
      .filter(
        ({ channel, last }) => timeOfSnowflake(last) >= since && isListenedTo([channel.id, ('parent_id' in channel && channel.parent_id) || ''], settings),
      )
      .toSorted((a, b) => timeOfSnowflake(b.last) - timeOfSnowflake(a.last))
      .slice(0, MOST_CHANNELS)
    for (const { channel } of recent) await this.#missedIn(channel.id, since, guild.id)
  }

  async #missedDirectly(): Promise<void> {
    const { us, clock, settings } = this.#context
    const window = clock.now() - settings.discordMissedMessageBackfillWindow * 1_000
    for (const key of [...directChats.keys()].filter((known) => known.startsWith(`${us}:`))) {
      await this.#missedIn(key.slice(us.length + 1), Math.max(window, timeOfSnowflake(directChats.get(key)!)))
    }
  }

  async #missedIn(channelId: string, since: number, guildId?: string): Promise<void> {
    const { rest, settings, log, signal } = this.#context
    const query = new URLSearchParams({ limit: String(settings.discordMissedMessageBackfillLimit) })
    const options = { query, signal: AbortSignal.any([signal]) }
    let messages: APIMessage[]
    try {
      messages = (await rest.get(Routes.channelMessages(channelId), options)) as APIMessage[]
    } catch (error) {
      return log.warn({ err: error, platform: 'discord', channel: channelId }, 'What was missed in a channel could not be fetched.')
    }
    for (const message of messages.toReversed()) {
      if (timeOfSnowflake(message.id) < since) continue
      await this.#message({ ...message, ...(guildId !== undefined && { guild_id: guildId, ...(await this.#memberOf(guildId, message)) }) })
    }
  }

  /** Roles come with the gateway's messages only. */
  async #memberOf(guildId: string, { author }: APIMessage): Promise<{ member?: { roles: string[] } }> {
    const { rest, settings, us, signal } = this.#context
    if (settings.discordAllowedRoles.length === 0 || author.id === us) return {}
    const options = { signal: AbortSignal.any([signal]) }
    const member = await rest.get(Routes.guildMember(guildId, author.id), options).catch(() => undefined)
    return member === undefined ? {} : { member: member as { roles: string[] } }
  }
}
