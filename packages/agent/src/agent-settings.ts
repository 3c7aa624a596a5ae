import { z } from 'zod'
import { AgentError } from './agent-error.ts'

const Provider = z.strictObject({
  /** Secret: never logged, and cut out of every message. */
  apiKey: z.string().min(1).optional(),
  baseUrl: z.url({ protocol: /^https?$/ }).optional(),
})

/** A model by the name of its provider and its own: `openai/gpt-5`; or `scripted`, which has no provider. */
const Target = z
  .string()
  .regex(/^(scripted|(openai|anthropic|openai-compatible)\/\S+)$/, "expected 'scripted', 'openai/…', 'anthropic/…' or 'openai-compatible/…'")

const SettingsSchema = z
  .strictObject({
    /** The default model: a target, or a name of `aliases`. */
    model: z.string().default('scripted'),
    /** Names that clients may select, and the target each stands for. */
    aliases: z.record(z.string().min(1), Target).default({}),
    /** Tried in this order when a model cannot answer. */
    fallbacks: z.array(Target).default([]),
    providers: z.strictObject({ openai: Provider.default({}), anthropic: Provider.default({}), 'openai-compatible': Provider.default({}) }).prefault({}),
    timeouts: z
      .strictObject({
        /** To establish a connection, its encryption included. */
        connectMs: z.int().min(1).default(10_000),
        /** To begin to answer; local servers load the model from disk in this time. */
        firstTokenMs: z.int().min(1).default(180_000),
        /** Between two parts of an answer. */
        idleMs: z.int().min(1).default(60_000),
      })
      .prefault({}),
    /** Tries of one target, the first included. */
    maxAttempts: z.int().min(1).max(10).default(3),
    /** Calls of the model in one turn, so that a model that calls tools for ever comes to an end. */
    maxSteps: z.int().min(1).default(32),
    /** What the agent is told before every conversation. */
    instructions: z.string().optional(),
    /** Whether server tools ask first. A tool may demand it on its own. */
    approvals: z.enum(['never', 'always']).default('never'),
  })
  .superRefine((settings, context) => {
    if (!Object.hasOwn(settings.aliases, settings.model) && !Target.safeParse(settings.model).success) {
      context.addIssue({ code: 'custom', path: ['model'], message: `'${settings.model}' is neither an alias nor a target such as openai/gpt-5` })
    }
  })

/** How the agent is set up, complete. */
export type AgentSettings = z.output<typeof SettingsSchema>

/** How the agent is set up, as plain data; everything may be left out, and then `scripted` answers. */
export type AgentSettingsInput = z.input<typeof SettingsSchema>

/** Fills in what was left out. Throws `invalid_settings`, which names the setting and never repeats a key. */
export function parseAgentSettings(input: AgentSettingsInput): AgentSettings {
  const parsed = SettingsSchema.safeParse(input)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const path = issue.path.join('.')
  throw new AgentError('invalid_settings', `agent settings: ${path}: ${issue.message}`, { details: { path } })
}
