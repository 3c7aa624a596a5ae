import { createId } from '@talaria/core'
import type { Client, IrcMessageEvent } from 'irc-framework'
import type { InboundMessage } from '../../chats/inbound-message.ts'

/** Characters of nicknames beside letters and digits: `bot` is not meant by `bot-two`. */
const NICK_REST = String.raw`[\w\-[\]\\^{}|\x60]`

/** A line that somebody said, in our words. */
export function inboundOfIrc(
  event: IrcMessageEvent,
  { client, account, nowMs }: { readonly client: Client; readonly account: string; readonly nowMs: number },
): InboundMessage {
  const { nick, target, message, tags, time } = event
  const isDirect = client.caseCompare(target, client.user.nick)
  const sender = senderIdOf(event)
  const text = isDirect ? message : withoutMention(message, client.user.nick)
  return {
    // A nickname is whoever took it last: in private each sender has a conversation of their own under it.
    address: { platform: 'irc', account, chatId: client.caseLower(isDirect ? nick : target), threadId: isDirect ? sender : '' },
    kind: isDirect ? 'direct' : 'group',
    chatName: isDirect ? nick : target,
    messageId: tags.msgid ?? createId('irc'),
    sender: { id: sender, name: nick },
    text: text ?? message,
    attachments: [],
    mentionsUs: isDirect || text !== undefined,
    sentAt: time ?? nowMs,
  }
}

/** The services account, which the network vouches for; else the whole mask, which looks like no account. */
function senderIdOf({ account, nick, ident, hostname }: IrcMessageEvent): string {
  return account && account !== '*' ? account : `${nick}!${ident}@${hostname}`
}

/** What is said to us, or `undefined` when the line does not begin with our name: the network has no other sign of it. */
function withoutMention(message: string, nick: string): string | undefined {
  const name = nick.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  const mention = new RegExp(String.raw`^\s*@?${name}(?!${NICK_REST})[:,]?\s*`, 'i').exec(message)
  return mention ? message.slice(mention[0].length) : undefined
}
