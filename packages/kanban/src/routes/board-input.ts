import { z } from 'zod'

const text = (longest: number) => z.string().max(longest)
const count = z.int().positive()
const Budget = z.strictObject({ tokens: count.exactOptional(), costMicros: count.exactOptional(), runMs: count.exactOptional() })

const Column = z.strictObject({
  key: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'lower-case letters, digits, - and _'),
  name: text(100).min(1),
  state: z.enum(['triage', 'todo', 'scheduled', 'ready', 'running', 'review', 'blocked', 'done']),
  wipLimit: count.exactOptional(),
  isHidden: z.boolean().exactOptional(),
})

const SETTINGS = {
  columns: z
    .array(Column)
    .min(1)
    .max(50)
    .refine((columns) => new Set(columns.map(({ key }) => key)).size === columns.length, 'each key once'),
  defaultAssignee: text(200).min(1),
  defaultWorkdir: text(4_000).min(1),
  maxRunning: count,
  maxRunningPerAssignee: count,
  labelCaps: z.record(text(200).min(1), count),
  maxAttempts: count,
  maxRuntimeMs: count,
  taskBudget: Budget,
  dayBudget: Budget,
  boardBudget: Budget,
  isAutoTriaged: z.boolean(),
  isReviewDispatched: z.boolean(),
  weight: z.number().positive().max(1_000),
} as const

/** What a new board is made of. */
export const NewBoardInput = z.strictObject({
  slug: z.string().describe('Up to 64 lower-case letters, digits, - and _; it cannot be changed later'),
  name: text(200).exactOptional(),
  description: text(4_000).exactOptional(),
  icon: text(64).exactOptional(),
  colour: text(64).exactOptional(),
  settings: z.strictObject(optional(SETTINGS)).exactOptional(),
})

/** What of a board is changed; `null` clears. */
export const BoardChangesInput = z.strictObject({
  name: text(200).exactOptional(),
  description: text(4_000).nullable().exactOptional(),
  icon: text(64).nullable().exactOptional(),
  colour: text(64).nullable().exactOptional(),
  settings: z.strictObject(clearable(SETTINGS)).exactOptional(),
  revision: z.int().exactOptional(),
})

function optional<Shape extends Record<string, z.ZodType>>(shape: Shape) {
  return Object.fromEntries(Object.entries(shape).map(([key, schema]) => [key, schema.exactOptional()])) as {
    [Key in keyof Shape]: z.ZodExactOptional<Shape[Key]>
  }
}

function clearable<Shape extends Record<string, z.ZodType>>(shape: Shape) {
  return Object.fromEntries(Object.entries(shape).map(([key, schema]) => [key, schema.nullable().exactOptional()])) as {
    [Key in keyof Shape]: z.ZodExactOptional<z.ZodNullable<Shape[Key]>>
  }
}
