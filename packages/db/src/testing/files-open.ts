import { descriptorsOf } from '@talaria/core/testing'

/** What this process has open at or below a path, each as often as it is open: for a database, also what SQLite keeps beside it. */
export async function filesOpen(path: string): Promise<readonly string[]> {
  return [...(await descriptorsOf())]
    .filter(([file]) => file.startsWith(path))
    .flatMap(([file, times]) => Array.from({ length: times }, () => file))
    .toSorted()
}
