import type { OutboundMessage } from '../../chats/outbound-message.ts'
import { definePlatform } from '../definition.ts'
import type { Platform, Sent } from '../platform.ts'
import { PlatformError } from '../platform-error.ts'
import { IrcConnection } from './irc-connection.ts'
import { ircLinesOf } from './irc-lines.ts'
import { ircSettings } from './irc-settings.ts'

/** IRC: channels, where we are spoken to by name, and private messages. */
export const irc = definePlatform({
  name: 'irc',
  label: 'IRC',
  settings: ircSettings,
  plan: ({ ircServer, ircNickname, ircChannels }) => {
    if (ircServer === undefined) return { state: 'not_configured', reason: 'IRC_SERVER is not set.' }
    if (!/^[A-Za-z[\]\\`_^{}|][\w[\]\\`^{}|-]*$/.test(ircNickname)) return { state: 'misconfigured', reason: 'IRC_NICKNAME is no nickname.' }
    const wrong = ircChannels.find((channel) => !/^[#&+!][^\s,:]{1,49}(?: [^\s,]+)?$/.test(channel))
    return wrong === undefined ? { state: 'ready' } : { state: 'misconfigured', reason: `IRC_CHANNEL has ${JSON.stringify(wrong)}, which is no channel.` }
  },
  accountOf: ({ ircServer, ircNickname }) => `${ircNickname}@${ircServer}`,
  connect: async (settings, context) => new IrcPlatform(settings.ircServer ?? '', await IrcConnection.open(settings, context)),
})

class IrcPlatform implements Platform {
  readonly account: string
  readonly capabilities = {
    threads: false,
    edits: false,
    typing: false,
    reactions: false,
    files: false,
    voice: false,
    maxLength: 450,
    markup: 'plain',
    editEveryMs: 0,
    commandPrefix: '!',
  } as const
  readonly #connection: IrcConnection

  constructor(account: string, connection: IrcConnection) {
    this.account = account
    this.#connection = connection
  }

  async send({ id, address, text }: OutboundMessage, signal: AbortSignal): Promise<Sent> {
    if (text.length > this.capabilities.maxLength) throw new PlatformError('too_long', `A message has at most ${this.capabilities.maxLength} characters.`)
    // Anything else in the place of a target would be a command of its own.
    if (!/^[^\s,:\0]+$/.test(address.chatId)) throw new PlatformError('chat_not_found', 'The target is neither a channel nor a nickname.')
    const lines = ircLinesOf(text)
    if (lines.length === 0) throw new PlatformError('bad_format', 'There is nothing to say.')
    const messageId = await this.#connection.say(address.chatId, lines, signal)
    return { messageId: messageId ?? id }
  }

  async probe(signal: AbortSignal): Promise<void> {
    await this.#connection.ping(signal)
  }
}
