import { z } from 'zod'
import type { TaskSettings } from './records.ts'

const text = z.string().min(1).max(4_000)
const count = z.int().positive()

const Check = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('command'), command: text, timeoutMs: count.exactOptional() }),
  z.strictObject({ kind: z.literal('files'), paths: z.array(text).min(1).max(100) }),
  z.strictObject({ kind: z.literal('pull_request'), repository: text, number: count.exactOptional() }),
])

const Gate = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('person') }),
  z.strictObject({ kind: z.literal('command'), command: text, timeoutMs: count.exactOptional() }),
])

/** The settings of a task as they come in. */
export const TaskSettingsSchema: z.ZodType<TaskSettings> = z.strictObject({
  model: text.exactOptional(),
  reasoningEffort: text.exactOptional(),
  skills: z.array(text).max(100).exactOptional(),
  workspace: z
    .strictObject({ kind: z.enum(['scratch', 'dir', 'worktree']), path: text.exactOptional(), branch: text.exactOptional(), keep: z.boolean().exactOptional() })
    .exactOptional(),
  maxRuntimeMs: count.exactOptional(),
  maxAttempts: count.exactOptional(),
  budget: z.strictObject({ tokens: count.exactOptional(), costMicros: count.exactOptional(), runMs: count.exactOptional() }).exactOptional(),
  checks: z.array(Check).max(50).exactOptional(),
  gates: z.array(Gate).max(20).exactOptional(),
  goal: z.strictObject({ maxTurns: count }).exactOptional(),
})
