/** The board that there always is. */
export const DEFAULT_BOARD = 'default'
