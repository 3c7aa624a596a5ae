import type { Boards } from '@talaria/db'
import { DEFAULT_BOARD } from './default-board.ts'

/** The board that is meant where none is named: the one that was chosen, the only one there is, or the one that there always is. */
export function currentBoard(boards: Pick<Boards, 'current' | 'slugs'>): string {
  const chosen = boards.current()
  if (chosen !== undefined) return chosen
  const [only, ...others] = boards.slugs()
  return only !== undefined && others.length === 0 ? only : DEFAULT_BOARD
}
