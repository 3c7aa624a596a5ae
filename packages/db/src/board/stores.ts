import type { Clock } from '@talaria/core'
import type { Database } from '../database.ts'
import { BoardStore } from './board-store.ts'
import type { BoardTables } from './tables.ts'

/** What one may ask of a board's database, and change there. Plain values without state; keep them as long as you like. */
export interface BoardStores {
  readonly board: BoardStore
}

export function boardStores(database: Database<BoardTables>, clock: Clock): BoardStores {
  return {
    board: new BoardStore(database, clock),
  }
}
