import type { Log } from '@talaria/core'
import type { ChatAddress, GatewayStores, NewOutbound, Turn } from '@talaria/db'
import type { Places } from '../delivery/resolve-target.ts'
import type { ChatEnd, ChatOutcome } from '../turns/settle-turn.ts'
import { attachmentOf } from './attachment-of.ts'
import { destinationsOf } from './destinations.ts'
import { outboundRows, type Draft, type Reply } from './outbound-rows.ts'
import { outgoingMedia } from './outgoing-media.ts'
import { sendablePath, type PathPolicy } from './path-policy.ts'
import { isSilence } from './silence.ts'

/** Restarts in a row that cut answers short in one conversation: after so many it may be the conversation that causes them. */
const MOST_INTERRUPTIONS = 3

/** Where a turn came from: kept with it, so that whoever settles it knows whom to tell. */
export interface TurnOrigin {
  readonly sessionKey: string
  readonly address: ChatAddress
  /** The message that it answers; none where nobody wrote one. */
  readonly replyTo?: string
  /** The messages that it answers. */
  readonly inbound: readonly string[]
  /** Where the answer goes instead, see `Delivery`. */
  readonly deliverTo?: readonly string[]
}

/** The chat that a turn came from; `undefined` where it came from none. */
export function originOf({ request }: Pick<Turn, 'request'>): TurnOrigin | undefined {
  return request['chat'] as TurnOrigin | undefined
}

export interface ChatSettlementOptions {
  readonly stores: Pick<GatewayStores, 'routes'>
  readonly paths: PathPolicy
  /** The chats that there are, where an answer goes to another than its own. */
  readonly places: Places
  /** How long a message may be on a platform. */
  readonly roomOn: (platform: string) => number
  /** Messages that streaming has made of the answer. */
  readonly drafts?: readonly Draft[]
  /** Messages that the turn took up while it ran. */
  readonly takenUp?: readonly string[]
  /** Ends an answer, where people chose to see what it took. */
  readonly footer?: string
  readonly log: Log
}

/** What the end of a turn means for its chat: which messages are answered, and what is to be said. */
export async function settleChat(origin: TurnOrigin, outcome: ChatOutcome, options: ChatSettlementOptions): Promise<ChatEnd> {
  const inbound = [...origin.inbound, ...(options.takenUp ?? [])]
  return { inbound, outbound: [...(await replyRows(origin, outcome, options)), ...(await noticeRows(origin, outcome, options))] }
}

async function replyRows(origin: TurnOrigin, { status, summary, turnId }: ChatOutcome, options: ChatSettlementOptions): Promise<readonly NewOutbound[]> {
  const { drafts = [], footer } = options
  const isWhole = status === 'completed' || status === 'incomplete'
  // Of an answer that was cut short the chat keeps what it shows already.
  const isShown = drafts.some(({ messageId }) => messageId !== undefined)
  if (isSilence(summary.text) || (!isWhole && !isShown)) return []
  const { text, paths } = outgoingMedia(summary.text)
  const sendable = isWhole ? await sendablePaths(paths, options) : []
  const said = isWhole && footer !== undefined ? `${text}\n\n${footer}` : text
  return rowsFor(origin, { kind: 'reply', turnId, text: said, attachments: sendable.map(attachmentOf), drafts }, options)
}

async function sendablePaths(paths: readonly string[], { paths: policy, log }: ChatSettlementOptions): Promise<readonly string[]> {
  const real = await Promise.all(paths.map((path) => sendablePath(path, policy)))
  for (const [index, path] of paths.entries()) if (real[index] === undefined) log.warn({ path }, 'a file that an answer names is not there, or may not be sent')
  return real.filter((path) => path !== undefined)
}

async function noticeRows(origin: TurnOrigin, outcome: ChatOutcome, options: ChatSettlementOptions): Promise<readonly NewOutbound[]> {
  const text = await noticeOf(origin, outcome, options)
  if (text === undefined) return []
  // Where nobody saw the question, it has to be said what this is about.
  const said = origin.deliverTo ? `${origin.address.platform} ${origin.address.chatId}: ${text}` : text
  return rowsFor(origin, { kind: 'notice', turnId: outcome.turnId, text: said }, options)
}

async function noticeOf(
  { sessionKey, deliverTo }: TurnOrigin,
  { status, error, summary }: ChatOutcome,
  { stores }: ChatSettlementOptions,
): Promise<string | undefined> {
  if (status === 'failed') return `I could not finish this answer: ${error?.message ?? 'no reason was given.'}`
  if (status === 'interrupted') {
    if (deliverTo) return 'A restart cut this answer short.'
    if ((await stores.routes.interrupted(sessionKey)) < MOST_INTERRUPTIONS) return 'A restart cut this answer short. Use /retry to have it tried again.'
    await stores.routes.suspend(sessionKey)
    return `${MOST_INTERRUPTIONS} answers in a row were cut short by restarts here, so I have set this conversation aside. Write to begin a new one, or use /resume to go on with it.`
  }
  return status !== 'cancelled' && summary.text.trim() === '' ? '(The answer was empty.)' : undefined
}

async function rowsFor(origin: TurnOrigin, reply: Omit<Reply, 'address'>, { places, roomOn, log }: ChatSettlementOptions): Promise<readonly NewOutbound[]> {
  const destinations = await destinationsOf(origin, places, log)
  return destinations.flatMap((where) => outboundRows({ ...where, ...reply }, roomOn(where.address.platform)))
}
