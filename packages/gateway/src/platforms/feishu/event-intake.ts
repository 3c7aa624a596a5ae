import type { Log } from '@talaria/core'
import type { ConnectContext } from '../definition.ts'
import { inboundMessageOf, receivedEvent, type FeishuBot } from './inbound-message-of.ts'

export interface EventIntakeOptions extends Pick<ConnectContext, 'receive'> {
  readonly bot: FeishuBot
  /** Whether a message is ours. */
  readonly isOurs: (messageId: string) => Promise<boolean>
  readonly log: Log
}

/** Takes one event in; rejects when Feishu is to send it again. */
export type EventIntake = (event: unknown) => Promise<void>

/** What takes in events, those of a chat one after another, since Feishu sends without waiting for us. */
export function createEventIntake({ receive, bot, isOurs, log }: EventIntakeOptions): EventIntake {
  const lanes = new Map<string, Promise<void>>()

  const take = async (event: unknown): Promise<void> => {
    const message = read(event)
    if (!message) return
    const { replyTo, kind, mentionsUs } = message
    // Only where it decides something: it is a call.
    const isReplyToUs = replyTo !== undefined && kind !== 'direct' && !mentionsUs && (await isOurs(replyTo.messageId).catch(() => false))
    await receive(isReplyToUs ? { ...message, mentionsUs: true, replyTo: { ...replyTo, isOurs: true } } : message)
  }

  /** One that cannot be read is passed over: sent again it would be no better. */
  const read = (event: unknown) => {
    try {
      return inboundMessageOf(receivedEvent.parse(event), bot)
    } catch (error) {
      log.error({ err: error }, 'Feishu sent a message that could not be read.')
      return undefined
    }
  }

  return async (event) => {
    const lane = (event as { message?: { chat_id?: string } } | null)?.message?.chat_id ?? ''
    const before = lanes.get(lane) ?? Promise.resolve()
    const taken = before.then(() => take(event))
    const settled = taken.catch(() => {})
    lanes.set(lane, settled)
    try {
      await taken
    } finally {
      if (lanes.get(lane) === settled) lanes.delete(lane)
    }
  }
}
