import type { Schema } from '../schema.ts'
import { boardTables } from './migrations/0001-board.ts'
import type { BoardTables } from './tables.ts'

/** `boards/<slug>.db`: made by whoever writes to a board first. */
export const boardSchema: Schema<BoardTables> = { name: 'board', migrations: [boardTables] }
