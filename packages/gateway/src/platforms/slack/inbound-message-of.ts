import type { ChatKind, InboundAttachment, InboundMessage } from '../../chats/inbound-message.ts'
import type { SlackSettings } from './slack-settings.ts'

/** An event of Slack about a message, as much of it as we read. */
export interface SlackMessage {
  readonly type: string
  readonly subtype?: string
  readonly channel: string
  readonly channel_type?: string
  readonly user?: string
  readonly bot_id?: string
  readonly text?: string
  readonly ts: string
  readonly thread_ts?: string
  readonly parent_user_id?: string
  readonly files?: readonly SlackFile[]
}

interface SlackFile {
  readonly name?: string
  readonly mimetype?: string
  readonly size?: number
  readonly subtype?: string
  readonly url_private?: string
  readonly url_private_download?: string
}

/** Who we are on Slack. */
export interface SlackIdentity {
  readonly userId: string
  readonly botId?: string
}

const WRITTEN: ReadonlySet<string | undefined> = new Set([undefined, 'file_share', 'thread_broadcast', 'me_message', 'bot_message'])

/** A message in our words; `undefined` for our own, for changes of others, and where we do not listen. */
export function inboundMessageOf(message: SlackMessage, us: SlackIdentity, settings: SlackSettings): InboundMessage | undefined {
  const { channel, text = '', ts, thread_ts: thread, user, bot_id: bot, parent_user_id: parentUser, files = [] } = message
  const sender = user ?? bot
  if (!WRITTEN.has(message.subtype) || sender === undefined || user === us.userId || (bot !== undefined && bot === us.botId)) return undefined
  const isDirect = message.channel_type === 'im' || channel.startsWith('D')
  if (!isListenedTo(channel, isDirect, settings)) return undefined
  const isBot = bot !== undefined || user === 'USLACKBOT'
  const isFree = !isBot && settings.slackFreeResponseChannels.includes(channel)
  const isReply = thread !== undefined && thread !== ts
  // Without an answer there is no thread, and nobody sees that there could be one.
  const threadId = thread ?? (!isDirect && !isFree && settings.slackReplyInThread ? ts : '')
  const kind: ChatKind = isDirect ? 'direct' : threadId === '' ? 'group' : 'thread'
  return {
    address: { platform: 'slack', account: us.userId, chatId: channel, threadId },
    kind,
    ...(kind === 'thread' && { parentChatId: channel }),
    messageId: ts,
    sender: { id: sender, isBot },
    text: plainText(text, us.userId),
    attachments: files.flatMap(attachmentOf),
    ...(isReply && { replyTo: { messageId: thread, isOurs: parentUser === us.userId } }),
    // What people type as `<@…>` comes escaped: only Slack's own mentions look like this.
    mentionsUs: isDirect || isFree || text.includes(`<@${us.userId}>`) || text.includes(`<@${us.userId}|`),
    sentAt: Math.floor(Number(ts) * 1_000),
  }
}

/** Whether the settings let us listen in a channel. */
export function isListenedTo(channel: string, isDirect: boolean, settings: SlackSettings): boolean {
  if (isDirect) return !settings.slackDisableDms
  const { slackAllowedChannels: allowed, slackIgnoredChannels: ignored } = settings
  return !ignored.includes(channel) && (allowed.length === 0 || allowed.includes(channel))
}

/** Slack's markup as people would have typed it, without the mention of us that it begins with. */
function plainText(text: string, us: string): string {
  return text
    .replace(new RegExp(`^\\s*<@${us}(\\|[^>]*)?>[\\s:,]*`), '')
    .replaceAll(/<([@#!]?)([^>|]+)(?:\|([^>]*))?>/g, (_, mark: string, target: string, label?: string) => {
      if (mark === '') return label === undefined || label === target ? target.replace(/^mailto:/, '') : `${label} (${target})`
      return `${mark === '#' ? '#' : '@'}${label?.replace(/^@/, '') || target}`
    })
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

function attachmentOf(file: SlackFile): InboundAttachment[] {
  const url = file.url_private_download ?? file.url_private
  if (url === undefined) return []
  const family = file.mimetype?.split('/')[0]
  const isVoice = file.subtype === 'slack_audio'
  const kind = isVoice ? 'voice' : family === 'image' || family === 'audio' || family === 'video' ? family : 'document'
  const { name, mimetype: mediaType, size } = file
  return [{ kind, ...(name !== undefined && { name }), ...(mediaType !== undefined && { mediaType }), ...(size !== undefined && { size }), ref: { url } }]
}
