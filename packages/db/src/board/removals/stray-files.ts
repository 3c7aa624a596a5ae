import type { Clock } from '@talaria/core'
import { sql } from 'kysely'
import type { Database } from '../../database.ts'
import { listedFiles, modifiedAt, removeSmallFile } from '../../files.ts'
import type { BoardTables } from '../tables.ts'
import { STEP_ROWS } from './board-removal.ts'

/** Bytes are written before their row, so those without one may be on their way; none is for so long. */
const UNDER_WAY_MS = 60 * 60_000

/** Removes files beside the board that no row knows of: somebody died between the bytes and the row. How many. */
export async function removeStrayFiles(
  database: Database<BoardTables>,
  { folder, clock, signal }: { readonly folder: string; readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<number> {
  const names = listedFiles(folder)
  let removed = 0
  for (let from = 0; from < names.length && !signal?.aborted; from += STEP_ROWS) {
    const some = names.slice(from, from + STEP_ROWS)
    const rows = await database.read((db) =>
      db
        .selectFrom('attachment')
        .select('id')
        .where('id', 'in', sql<string>`(select value from json_each(${JSON.stringify(some)}))`)
        .execute(),
    )
    const known = new Set(rows.map(({ id }) => id))
    for (const name of some) {
      const file = `${folder}/${name}`
      const at = known.has(name) ? undefined : modifiedAt(file)
      if (at === undefined || at >= clock.now() - UNDER_WAY_MS) continue
      removeSmallFile(file)
      removed += 1
    }
  }
  return removed
}
