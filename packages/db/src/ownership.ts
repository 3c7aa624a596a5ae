/** The processes that open databases. */
export type Service = 'gateway' | 'webui' | 'kanban' | 'cli'

/** The databases of one home. */
export type DatabaseName = 'gateway' | 'webui' | 'board'

interface Ownership {
  /** Makes the file and migrates it. */
  readonly madeBy: readonly Service[]
  readonly writtenBy: readonly Service[]
}

/**
 * Which database is whose. Everybody may read; who may not write asks the one who may over HTTP. A board is made by
 * whoever writes to it first.
 */
export const OWNERSHIP: Readonly<Record<DatabaseName, Ownership>> = {
  gateway: { madeBy: ['gateway'], writtenBy: ['gateway'] },
  webui: { madeBy: ['webui'], writtenBy: ['webui'] },
  board: { madeBy: ['kanban', 'gateway', 'webui', 'cli'], writtenBy: ['kanban', 'gateway', 'webui', 'cli'] },
}
