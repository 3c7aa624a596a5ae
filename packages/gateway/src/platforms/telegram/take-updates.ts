import { messageOf, type Log } from '@talaria/core'
import type { Update } from 'grammy/types'
import type { InboundMessage } from '../../chats/inbound-message.ts'
import { PlatformError } from '../platform-error.ts'
import type { ConnectContext } from '../definition.ts'
import type { BotIdentity } from './addressed-text.ts'
import { inboundMessageOf } from './inbound-message-of.ts'

export interface TakeUpdatesOptions extends Pick<ConnectContext, 'receive'> {
  readonly bot: BotIdentity
  readonly log: Log
}

/** What could not be written down, and from which update on nothing may be acknowledged. */
export interface NotTaken {
  readonly updateId: number
  readonly error: PlatformError
}

/**
 * Takes in what updates say: chats side by side, the messages of a chat one after another. Resolves with the first update
 * that could not be written down, if there is one: from it on Telegram has to send them again.
 */
export async function takeUpdates(updates: readonly Update[], { receive, bot, log }: TakeUpdatesOptions): Promise<NotTaken | undefined> {
  const chats = Map.groupBy(updates, chatOf)
  const failures = await Promise.all(
    [...chats.values()].map(async (ofChat): Promise<NotTaken | undefined> => {
      for (const update of ofChat) {
        const message = readUpdate(update, bot, log)
        try {
          if (message) await receive(message)
        } catch (error) {
          return {
            updateId: update.update_id,
            error: new PlatformError('internal', `A message could not be written down: ${messageOf(error)}`, { cause: error }),
          }
        }
      }
      return undefined
    }),
  )
  return failures.filter((failure) => failure !== undefined).toSorted((one, other) => one.updateId - other.updateId)[0]
}

function chatOf(update: Update): number | undefined {
  // Even of what cannot be read.
  const message: { readonly chat?: { readonly id: number } } | undefined = update.message ?? update.channel_post
  return message?.chat?.id
}

/** One that cannot be read is passed over: sent again it would be no better, and nothing after it would ever come. */
function readUpdate(update: Update, bot: BotIdentity, log: Log): InboundMessage | undefined {
  try {
    return inboundMessageOf(update, bot)
  } catch (error) {
    log.error({ err: error, updateId: update.update_id }, 'Telegram sent an update that could not be read.')
    return undefined
  }
}
