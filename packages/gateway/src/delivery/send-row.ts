import type { Clock } from '@talaria/core'
import type { Outbound } from '@talaria/db'
import type { OutboundMessage } from '../chats/outbound-message.ts'
import type { Platform } from '../platforms/platform.ts'
import { PlatformError } from '../platforms/platform-error.ts'
import { withDeadline } from '../platforms/with-deadline.ts'
import { DUPLICATE_LABEL } from './duplicate-label.ts'

/** A platform that has not answered by then will not: its connection is looked after elsewhere, the chat goes on. */
const DEADLINE_MS = 60_000

export interface SendOptions {
  readonly platform: Platform
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Sends one row of the outbox, and resolves with the platform's id of it. A row that may have arrived already is asked
 * after first; where the platform cannot tell, it says itself that it may be a duplicate.
 *
 * @throws PlatformError `unknown_outcome` when nobody can say whether it arrived.
 */
export async function sendRow(row: Outbound, { platform, clock, signal }: SendOptions): Promise<string> {
  let hasEnded = false
  try {
    return await withDeadline(DEADLINE_MS, { clock, what: 'Sending a message', signal }, async (call) => {
      try {
        return await sendOrEdit(row, platform, call)
      } finally {
        hasEnded = true
      }
    })
  } catch (error) {
    if (error instanceof PlatformError && hasEnded) throw error
    throw new PlatformError('unknown_outcome', 'The platform did not say what became of the message.', { cause: error })
  }
}

async function sendOrEdit(row: Outbound, platform: Platform, signal: AbortSignal): Promise<string> {
  const message = messageOf(row)
  if (row.sentMessageId !== null && platform.edit && (await isEdited(row, row.sentMessageId, { platform, signal }))) return row.sentMessageId
  if (!row.uncertain) return (await platform.send(message, signal)).messageId
  if (!platform.find) return (await platform.send({ ...message, text: (row.text + DUPLICATE_LABEL).trim() }, signal)).messageId
  const found = await platform.find(message, signal)
  // What arrived may be a draft of it.
  const isWhole = found && (row.attachments.length > 0 || !platform.edit || (await isEdited(row, found.messageId, { platform, signal })))
  return (isWhole ? found : await platform.send(message, signal)).messageId
}

/** Gives a message of ours the text of a row; false when somebody has deleted it, so that it has to be sent anew. */
async function isEdited(row: Outbound, messageId: string, { platform, signal }: Pick<SendOptions, 'platform' | 'signal'>): Promise<boolean> {
  try {
    await platform.edit!(row.address, messageId, row.text, signal)
    return true
  } catch (error) {
    if (error instanceof PlatformError && error.code === 'message_not_found') return false
    throw error
  }
}

function messageOf(row: Outbound): OutboundMessage {
  return {
    id: row.id,
    address: row.address,
    text: row.text,
    attachments: row.attachments,
    ...(row.replyTo !== null && { replyTo: row.replyTo }),
    ...(row.silent && { silent: true }),
  }
}
