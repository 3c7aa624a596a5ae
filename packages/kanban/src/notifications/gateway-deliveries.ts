import type { SubscriptionTarget } from '@talaria/db'
import { describeForAgent } from './describe-event.ts'
import type { Deliveries, Notification, NotificationFile } from './notification.ts'
import { isWaking } from './told-kinds.ts'

type ChatTarget = Extract<SubscriptionTarget, { kind: 'chat' }>

/** What a gateway can do for boards. Each does nothing when it has done it before under this id. */
export interface ChatNotifications {
  /** Puts a message into the outbox of a chat. @throws TalariaError when no such platform can be connected */
  tell(chat: ChatTarget, message: { readonly text: string; readonly files: () => Promise<readonly NotificationFile[]> }, id: string): Promise<void>
  /**
   * Gives the conversation a turn about it; what it answers goes to its chat. Resolves with false where there is no
   * conversation in that chat. @throws TalariaError when there is no such session, or no turn can begin now
   */
  wake(conversation: ChatTarget | { readonly sessionId: string }, text: string, id: string): Promise<boolean>
}

/** For the model: what it is to do about a message that nobody wrote. */
const HINT = 'The board says so; nobody wrote this. Tell the person whom it concerns what matters of it, and go on with what depended on it.'

/** Tells chats and wakes conversations, by a gateway. */
export function gatewayDeliveries(notifications: ChatNotifications): Deliveries {
  return {
    async chat(notification) {
      const { subscription, text, files, id } = notification
      const target = subscription.target as ChatTarget
      const wakes = subscription.mode !== 'notify' && isWakingAny(notification)
      if (subscription.mode !== 'wake' || !wakes) await notifications.tell(target, { text, files }, id)
      if (!wakes || (await notifications.wake(target, promptOf(notification), id))) return
      // Nobody has spoken there who could be woken: it is said all the same.
      await notifications.tell(target, { text, files }, id)
    },
    async session(notification) {
      const { sessionId } = notification.subscription.target as Extract<SubscriptionTarget, { kind: 'session' }>
      if (isWakingAny(notification)) await notifications.wake({ sessionId }, promptOf(notification), notification.id)
    },
  }
}

function isWakingAny({ told }: Notification): boolean {
  return told.some(({ event }) => isWaking(event.kind))
}

function promptOf({ told, board, text }: Notification): string {
  const [only, ...others] = told
  return `${others.length === 0 ? describeForAgent(only!, board) : `[kanban] ${text}`}\n\n${HINT}`
}
