import { z } from 'zod'
import { EVENT_KINDS } from './event-kinds.ts'

const name = z.string().max(500)

const Target = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('chat'),
    platform: name.min(1),
    account: name.default('default'),
    chatId: name.min(1),
    threadId: name.default(''),
    sessionId: name.exactOptional(),
  }),
  z.strictObject({ kind: z.literal('session'), sessionId: name.min(1) }),
  z.strictObject({ kind: z.literal('webhook'), url: z.url().max(4_000), secret: name.min(16).exactOptional() }),
])

const FIELDS = {
  target: Target,
  mode: z.enum(['notify', 'wake', 'notify+wake']).exactOptional(),
  kinds: z.array(z.enum(EVENT_KINDS)).min(1).exactOptional(),
  digestMinutes: z.int().positive().max(10_080).exactOptional(),
} as const

/** Somebody who is told of a new task's events. */
export const SubscriberInput = z.strictObject(FIELDS)

/** Somebody who is told of a task's events, or without a task of the board's. */
export const SubscriptionInput = z.strictObject({ ...FIELDS, task: z.union([z.string().max(80), z.int()]).exactOptional() })
