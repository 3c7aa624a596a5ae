import { TaskSettingsSchema, type TaskChanges } from '@talaria/db'
import { z } from 'zod'
import { SubscriberInput } from './subscription-input.ts'

/** A task by its number, `#12`, its id, or a beginning of it. */
export const TaskRef = z.union([z.string().min(1).max(80), z.int().positive()])

const text = z.string()
const time = z.int().describe('Milliseconds since 1970')

const Parent = z.union([TaskRef, z.strictObject({ id: TaskRef, condition: z.enum(['success', 'failure', 'always']).exactOptional() })])

/** What is common to a new task and to changes is checked by the store, as it is for every other surface: here only its shape. */
export const NewTaskInput = z.strictObject({
  title: text,
  body: text.exactOptional(),
  assignee: text.exactOptional(),
  priority: z.int().exactOptional(),
  tenant: text.exactOptional(),
  labels: z.array(text).exactOptional(),
  dueAt: time.exactOptional(),
  notBefore: time.exactOptional(),
  estimateMinutes: z.int().exactOptional(),
  columnKey: text.exactOptional(),
  parents: z
    .array(Parent)
    .transform((parents) => parents.map((parent) => (typeof parent === 'object' ? { ...parent, id: String(parent.id) } : { id: String(parent) })))
    .exactOptional(),
  parentsMode: z.enum(['all', 'any']).exactOptional(),
  isTriage: z.boolean().exactOptional(),
  blocked: z.strictObject({ kind: z.enum(['needs_input', 'capability', 'transient']), reason: text }).exactOptional(),
  idempotencyKey: text.exactOptional(),
  idempotencyScope: z.enum(['any', 'open']).exactOptional(),
  reviewer: text.exactOptional(),
  settings: TaskSettingsSchema.exactOptional(),
  origin: z
    .strictObject({
      sessionId: text.max(500).exactOptional(),
      chat: z.strictObject({ platform: text.max(500), account: text.max(500), chatId: text.max(500), threadId: text.max(500) }).exactOptional(),
    })
    .exactOptional(),
  subscribers: z.array(SubscriberInput).max(20).exactOptional(),
})

/** Fields that are changed; `null` clears. Settings are merged into those that are there. */
export const TaskChangesInput = z.strictObject({
  title: text.exactOptional(),
  body: text.exactOptional(),
  priority: z.int().exactOptional(),
  tenant: text.nullable().exactOptional(),
  labels: z.array(text).exactOptional(),
  dueAt: time.nullable().exactOptional(),
  estimateMinutes: z.int().nullable().exactOptional(),
  columnKey: text.nullable().exactOptional(),
  reviewer: text.nullable().exactOptional(),
  // Each as in a new task, or null; the store says which is wrong.
  settings: (z.record(z.string(), z.unknown()) as unknown as z.ZodType<NonNullable<TaskChanges['settings']>>).exactOptional(),
})
