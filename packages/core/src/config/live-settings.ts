import { isDeepStrictEqual } from 'node:util'
import { loadSettings, type LoadSettingsOptions } from './load-settings.ts'
import type { SettingsOf, SettingsTable } from './setting.ts'

/** What reading the settings again has found; nothing of it is in force until it is applied. */
export interface SettingsChange<Table extends SettingsTable> {
  /** The settings as they will be: what needs a restart has its present value. */
  readonly next: SettingsOf<Table>
  /** The names of those that change. */
  readonly changed: readonly (keyof Table & string)[]
  /** The names of those that are set otherwise now, and keep their value until the service starts again. */
  readonly waiting: readonly (keyof Table & string)[]
}

/**
 * The settings of a service while it runs. `values` is one object for all of its life, in which changes appear: who reads
 * a setting when it is needed has it as it is now, who keeps a value has it as it was.
 */
export class LiveSettings<Table extends SettingsTable> {
  readonly values: SettingsOf<Table>
  readonly #table: Table
  readonly #options: LoadSettingsOptions

  private constructor(table: Table, options: LoadSettingsOptions, values: SettingsOf<Table>) {
    this.values = { ...values }
    this.#table = table
    this.#options = options
  }

  /** Loads a table for the first time. @throws ConfigError with every problem there is */
  static async load<Table extends SettingsTable>(table: Table, options: LoadSettingsOptions): Promise<LiveSettings<Table>> {
    return new LiveSettings(table, options, await loadSettings(table, options))
  }

  /** Reads the files again, and changes nothing. @throws ConfigError with every problem there is */
  async read(): Promise<SettingsChange<Table>> {
    const found = await loadSettings(this.#table, this.#options)
    const names = Object.keys(this.#table) as (keyof Table & string)[]
    const differing = names.filter((name) => !isDeepStrictEqual(found[name], this.values[name]))
    const changed = differing.filter((name) => this.#table[name]?.applies !== undefined)
    const next = { ...this.values, ...Object.fromEntries(changed.map((name) => [name, found[name]])) }
    return { next, changed, waiting: differing.filter((name) => !changed.includes(name)) }
  }

  /** Puts a change in force: from now on `values` has it. */
  apply({ next }: SettingsChange<Table>): void {
    Object.assign(this.values, next)
  }
}
