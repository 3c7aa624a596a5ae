import type { Transaction } from '../../scope.ts'
import type { GatewayTables } from '../tables.ts'

/** Rows removed in one write: well under the time a batch may take. */
export const STEP_ROWS = 200

/** How far one kind of removal has come. */
export interface Removed {
  readonly rows: number
  /** What the next step is given; `undefined` when nothing is left. */
  readonly next: unknown
}

/**
 * Removes a few rows in one write; begins where `cursor` says, or at the beginning. It may be run again when its
 * transaction was lost, so it keeps nothing itself.
 */
export type RemovalStep = (tx: Transaction<GatewayTables>, now: number, cursor: unknown) => Promise<Removed>

/** A step that is repeated until it removes nothing. */
export function untilNone(remove: (tx: Transaction<GatewayTables>, now: number) => Promise<number>): RemovalStep {
  return async (tx, now) => {
    const rows = await remove(tx, now)
    return { rows, next: rows > 0 ? 'again' : undefined }
  }
}
