import type { Setting } from '@talaria/core/config'

/** A long-running program of this repository, as data: what a launcher must know to start it and to say where it is. */
export interface ServiceEntry {
  /** One word; it stands before each line that the service writes. */
  readonly name: string
  /** Its main module, relative to the repository. */
  readonly main: string
  /** The settings, as its own `config.ts` has them, that say where it listens. */
  readonly host: Setting<string>
  readonly port: Setting<number>
  /** The secrets it cannot start without; a launcher makes up those that are missing. */
  readonly secrets: readonly string[]
  /** What one can do with it once it is up: a sentence and a URL or command for each. */
  readonly invitations: (url: string, envFile: string) => readonly (readonly [sentence: string, what: string])[]
}
