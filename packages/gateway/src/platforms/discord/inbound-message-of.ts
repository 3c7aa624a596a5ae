import { MessageFlags, MessageType, type APIAttachment, type APIMessage } from 'discord.js'
import type { ChatKind, InboundAttachment, InboundMessage } from '../../chats/inbound-message.ts'
import { isText, isThread, type Channel } from './channel-directory.ts'
import type { DiscordContext } from './discord-context.ts'

/** A message as the gateway has it, or as it was fetched with what the gateway would have added. */
export type DiscordMessage = APIMessage & { readonly guild_id?: string; readonly member?: { readonly roles?: readonly string[] } }

const WRITTEN: ReadonlySet<MessageType> = new Set([MessageType.Default, MessageType.Reply])

/** A message in our words; `undefined` for our own, for those of Discord itself, and where we do not listen. */
export async function inboundMessageOf(message: DiscordMessage, { us, settings, channels }: DiscordContext): Promise<InboundMessage | undefined> {
  const { author, mentions, referenced_message: referenced, webhook_id: webhook, member } = message
  if (author.id === us || !WRITTEN.has(message.type)) return undefined
  const channel = message.guild_id === undefined ? undefined : await channels.find(message.channel_id)
  const place = placeOf(message, channel)
  const at = [place.chatId, place.threadId]
  if (message.guild_id !== undefined && !isListenedTo(at, settings)) return undefined

  const isFree = webhook === undefined && !author.bot && at.some((id) => settings.discordFreeResponseChannels.includes(id))
  const isReplyToUs = referenced?.author.id === us
  // A thread begins with a message and has its id, so that we know the thread before there is one.
  const beginsThread =
    settings.discordAutoThread && !isFree && channel && isText(channel) && !settings.discordNoThreadChannels.includes(place.chatId) && !isReplyToUs
  return {
    address: { platform: 'discord', account: us, chatId: place.chatId, threadId: beginsThread ? message.id : place.threadId },
    kind: beginsThread ? 'thread' : place.kind,
    ...(channel?.name !== undefined && { chatName: channel.name }),
    ...((place.threadId || beginsThread) && { parentChatId: place.chatId }),
    messageId: message.id,
    sender: {
      id: author.id,
      name: author.global_name ?? author.username,
      // A webhook is nobody: whoever has its address gives it any name.
      isBot: author.bot === true || webhook !== undefined,
      ...(member?.roles && { roles: [...member.roles] }),
    },
    text: withoutMention(message.content, us),
    attachments: message.attachments.map((attachment) => attachmentOf(attachment, message.flags ?? 0)),
    ...(referenced && { replyTo: { messageId: referenced.id, text: referenced.content, isOurs: isReplyToUs } }),
    mentionsUs: isReplyToUs || isFree || mentions.some(({ id }) => id === us),
    sentAt: Date.parse(message.timestamp),
  }
}

/** Where something was written: a thread is addressed by the channel that it belongs to and its own id. */
export function placeOf(message: { readonly channel_id: string; readonly guild_id?: string }, channel: Channel | undefined) {
  const { channel_id: id, guild_id: guild } = message
  if (guild === undefined) return { chatId: id, threadId: '', kind: 'direct' as ChatKind }
  if (channel && isThread(channel) && channel.parentId) return { chatId: channel.parentId, threadId: id, kind: 'thread' as ChatKind }
  return { chatId: id, threadId: '', kind: 'group' as ChatKind }
}

/** Whether the settings let us listen in a channel or thread of a server. */
export function isListenedTo(
  ids: readonly string[],
  { discordAllowedChannels: allowed, discordIgnoredChannels: ignored }: DiscordContext['settings'],
): boolean {
  return !ids.some((id) => ignored.includes(id)) && (allowed.length === 0 || ids.some((id) => allowed.includes(id)))
}

function withoutMention(content: string, us: string): string {
  return content.replace(new RegExp(`^\\s*<@!?${us}>\\s*`), '').trimEnd()
}

function attachmentOf({ url, filename, content_type: mediaType, size }: APIAttachment, flags: number): InboundAttachment {
  const family = mediaType?.split('/')[0]
  const kind = (flags & MessageFlags.IsVoiceMessage) !== 0 ? 'voice' : family === 'image' || family === 'audio' || family === 'video' ? family : 'document'
  return { kind, name: filename, ...(mediaType !== undefined && { mediaType }), size, ref: { url } }
}
