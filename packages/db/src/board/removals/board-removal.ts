import type { Snapshot, Transaction } from '../../scope.ts'
import type { BoardTables } from '../tables.ts'

/** Rows looked at, and at most removed, in one step: a few milliseconds. */
export const STEP_ROWS = 500

/** One kind of thing that grows old. It is found by reads and removed by writes of a bounded size. */
export interface BoardRemoval<Key> {
  /** The next of them after a key, in order; `next` is where to go on, and absent at the end. */
  readonly find: (db: Snapshot<BoardTables>, after: Key | undefined) => Promise<{ readonly due: readonly Key[]; readonly next: Key | undefined }>
  /** Removes these, unless they must not go any more; how many rows. It may be run twice. */
  readonly remove: (tx: Transaction<BoardTables>, due: readonly Key[]) => Promise<number>
}
