import { CHECKS } from './checks.ts'

/** What the words on the command line of `pnpm check` select. No word selects all. */
export interface Selection {
  /** Names of checks, `tests` among them. */
  readonly checks: readonly string[]
  /** Folders of packages; empty for the whole repository. */
  readonly folders: readonly string[]
}

/** Reads words that are each the name of a check or the folder of a package. Throws, with all of them, on any other. */
export function selectionOf(words: readonly string[], folders: readonly string[]): Selection {
  const names = [...CHECKS.map(({ name }) => name), 'tests']
  const unknown = words.find((word) => !names.includes(word) && !folders.includes(word))
  if (unknown !== undefined) throw new Error(`"${unknown}" is neither a check (${names.join(', ')}) nor a package (${folders.join(', ')}).`)
  const chosen = names.filter((name) => words.includes(name))
  return { checks: chosen.length > 0 ? chosen : names, folders: folders.filter((folder) => words.includes(folder)) }
}
