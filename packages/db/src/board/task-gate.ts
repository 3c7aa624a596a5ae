import type { Transaction } from '../scope.ts'
import { BoardError } from './board-error.ts'
import type { BoardTables } from './tables.ts'
import type { TaskHead } from './task-head.ts'
import { parentsAllow } from './task-parents.ts'

/** @throws BoardError `PARENTS_OPEN` that names the parents whose end a task still waits for, or that ended otherwise. */
export async function refuseOpenParents(tx: Transaction<BoardTables>, head: TaskHead): Promise<void> {
  if (parentsAllow(head)) return
  const links = await tx
    .selectFrom('link')
    .select('parent_number')
    .where('child_number', '=', head.number)
    .where('state', '<>', 'met')
    .orderBy('parent_number')
    .limit(100)
    .execute()
  const parents = links.map(({ parent_number }) => parent_number)
  throw new BoardError('PARENTS_OPEN', `#${head.number} waits for ${parents.map((number) => `#${number}`).join(', ')}.`, { details: { parents } })
}
