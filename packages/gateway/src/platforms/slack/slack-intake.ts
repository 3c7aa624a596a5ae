import type { InboundMessage } from '../../chats/inbound-message.ts'
import type { ConnectContext, Reception } from '../definition.ts'
import { inboundMessageOf, isListenedTo, type SlackIdentity, type SlackMessage } from './inbound-message-of.ts'
import type { SlackSettings } from './slack-settings.ts'

/** A slash command as Slack sends it. */
export interface SlackCommand {
  readonly command: string
  readonly text?: string
  readonly trigger_id: string
  readonly user_id: string
  readonly user_name?: string
  readonly channel_id: string
  readonly channel_name?: string
}

/** A command of Slack's that carries any of ours: `/talaria status`. */
const GENERAL_COMMAND = '/talaria'

/** Takes in what Slack sends, by whichever way; resolves when it may be acknowledged, and rejects when Slack is to send it again. */
export class SlackIntake {
  readonly #us: SlackIdentity
  readonly #settings: SlackSettings
  readonly #context: Pick<ConnectContext, 'receive' | 'clock'>

  constructor(us: SlackIdentity, settings: SlackSettings, context: Pick<ConnectContext, 'receive' | 'clock'>) {
    this.#us = us
    this.#settings = settings
    this.#context = context
  }

  /** An event of the Events API. A mention comes twice, as `message` and as `app_mention`, with one `ts`: the inbox keeps one. */
  async event(event: SlackMessage): Promise<void> {
    if (event.type !== 'message' && event.type !== 'app_mention') return
    const message = inboundMessageOf(event, this.#us, this.#settings)
    if (message) await this.#context.receive(message)
  }

  /** A slash command; resolves with what its writer is told. */
  async command(command: SlackCommand): Promise<{ readonly text: string }> {
    const { channel_id: chatId, user_id: userId, user_name: userName, channel_name: channelName } = command
    const isDirect = channelName === 'directmessage' || chatId.startsWith('D')
    const given = (command.text ?? '').trim()
    // As people type it on Slack, which keeps the slash for itself.
    const text = command.command === GENERAL_COMMAND ? `!${given || 'help'}` : `!${command.command.slice(1)} ${given}`.trim()
    const message: InboundMessage = {
      address: { platform: 'slack', account: this.#us.userId, chatId, threadId: '' },
      kind: isDirect ? 'direct' : 'group',
      messageId: command.trigger_id,
      sender: { id: userId, isBot: false, ...(userName !== undefined && { name: userName }) },
      text,
      attachments: [],
      mentionsUs: true,
      sentAt: this.#context.clock.now(),
    }
    const isTaken = isListenedTo(chatId, isDirect, this.#settings) && TAKEN.has(await this.#context.receive(message))
    return { text: isTaken ? `\`${text.replaceAll('`', "'").replaceAll('&', '&amp;').replaceAll('<', '&lt;')}\`` : 'You may not do this here.' }
  }
}

const TAKEN: ReadonlySet<Reception> = new Set(['accepted', 'duplicate'])
