import { z } from 'zod'
import { formatDuration } from './duration.ts'
import type { Setting, SettingsTable } from './setting.ts'

/** One setting in words; a row of the docs and of `--help`. */
export interface SettingRow {
  readonly env: string
  readonly file: string | undefined
  /** What a value looks like. */
  readonly expected: string
  readonly fallback: string | undefined
  readonly isRequired: boolean
  readonly help: string
  /** When a change becomes effective: with a reload, or only with the next start. */
  readonly applies: 'reload' | 'restart'
}

/** The settings of a table in words, in its order. */
export function describeSettings(table: SettingsTable): readonly SettingRow[] {
  return Object.values(table).map((setting) => ({
    env: setting.env,
    file: setting.file,
    expected: descriptionOf(setting.schema) ?? 'a value',
    fallback: describeFallback(setting),
    isRequired: setting.fallback === undefined && !setting.schema.safeParse(undefined).success,
    help: setting.help,
    applies: setting.applies ? 'reload' : 'restart',
  }))
}

/** The fallback as one would write it into `.env`; `undefined` if there is none. */
export function describeFallback({ fallback, schema, secret }: Setting): string | undefined {
  if (fallback === undefined) return undefined
  if (secret) return 'a built-in value'
  if (typeof fallback === 'number' && innermost(schema).meta()?.unit === 'ms') return formatDuration(fallback)
  if (Array.isArray(fallback)) return fallback.length === 0 ? 'none' : fallback.join(',')
  return typeof fallback === 'string' ? fallback : JSON.stringify(fallback)
}

/** What a setting takes, in words; where its schema has no description, what the schema says about this value. */
export function expectationOf({ schema }: Setting, raw: unknown): string {
  return descriptionOf(schema) ?? `otherwise (${z.prettifyError(schema.safeParse(raw).error ?? new z.ZodError([])).replaceAll('\n', ' ')})`
}

function descriptionOf(schema: z.ZodType): string | undefined {
  return schema.description ?? innermost(schema).description
}

/** `optional()` wraps a schema without taking over its description. */
function innermost(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional ? innermost(schema.unwrap() as z.ZodType) : schema
}
