import type { z } from 'zod'

/** One thing that can be set: everything that the loader, `--help`, the docs and their tests need to know of it. */
export interface Setting<T = unknown> {
  /** The variable that sets it, in the environment and in `.env`. */
  readonly env: string
  /** Where `config.yaml` sets it, as a path with dots; absent for what belongs into the environment only. */
  readonly file?: string
  /** Reads what was found: text from the environment, anything from YAML. Its description says what is expected. */
  readonly schema: z.ZodType<T>
  /** The value when nothing sets it. Without one the setting is required, unless its schema is `optional()`. */
  readonly fallback?: NoInfer<T>
  /** One sentence for `--help` and the docs. */
  readonly help: string
  /** Its value is never shown. */
  readonly secret?: boolean
  /** How a change becomes effective while the service runs: at once, or when what uses it connects anew. Absent: with the next start. */
  readonly applies?: 'at_once' | 'by_reconnecting'
}

/** The settings of a service by the names its code calls them. */
export type SettingsTable = Readonly<Record<string, Setting>>

/** What a table loads as. */
export type SettingsOf<Table> = { readonly [Name in keyof Table]: Table[Name] extends Setting<infer T> ? T : never }

/** The same settings, changes of which become effective in this way; those that say it themselves keep theirs. */
export function applying<Table extends SettingsTable>(applies: NonNullable<Setting['applies']>, table: Table): Table {
  return Object.fromEntries(Object.entries(table).map(([name, setting]) => [name, { applies, ...setting }])) as Table
}

/** A table as it is written down; checks that each fallback is what its schema gives. */
export function defineSettings<Values extends Record<string, unknown>>(table: { readonly [Name in keyof Values]: Setting<Values[Name]> }): typeof table {
  return table
}
