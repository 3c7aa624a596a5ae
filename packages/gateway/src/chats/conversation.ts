import { createId, type Clock } from '@talaria/core'
import type { Chat, GatewayStores, Route } from '@talaria/db'
import type { InboundMessage } from './inbound-message.ts'
import { resetDue, resetPolicyOf, type ResetPolicy } from './reset-policy.ts'

/** The conversation that a message goes on with, or begins. */
export interface Conversation {
  readonly route: Route
  /** What people are to be told about it before they are answered. */
  readonly notice?: string
}

const NOTICES = {
  idle: 'It has been quiet here for a while, so this is a new conversation.',
  daily: 'A new day, a new conversation.',
  suspended: 'The conversation before was set aside, so this is a new one.',
} as const

export interface ConversationOptions {
  readonly stores: Pick<GatewayStores, 'routes'>
  readonly chat: Chat | undefined
  /** Where the chat has no policy of its own. */
  readonly reset: ResetPolicy
  readonly clock: Clock
}

/** Finds the conversation of a session key: the one it leads to, or a new one where there is none or its time is over. */
export async function conversationOf(sessionKey: string, { address }: InboundMessage, options: ConversationOptions): Promise<Conversation> {
  const { routes } = options.stores
  const known = await routes.find(sessionKey)
  const reason = known && overBecause(known, options)
  if (known && !reason) {
    await routes.touch(sessionKey)
    return { route: known }
  }
  const route = await routes.point(sessionKey, { address, sessionId: createId('ses', options.clock.now()) })
  return { route, ...(reason && { notice: `${NOTICES[reason]} /resume brings the old one back.` }) }
}

function overBecause(route: Route, { chat, reset, clock }: ConversationOptions): keyof typeof NOTICES | undefined {
  if (route.suspendedAt !== null) return 'suspended'
  const own = chat?.settings.reset
  return resetDue(own ? resetPolicyOf(own) : reset, route.lastActivityAt, clock.now())
}
