import type { Budget, TaskState } from './records.ts'

/** A column of the board: a name for one state, or for a part of it. */
export interface BoardColumn {
  readonly key: string
  readonly name: string
  readonly state: TaskState
  /** Tasks that may be in it at once; for `running` it holds the dispatcher back, elsewhere it warns and refuses. */
  readonly wipLimit?: number
  readonly isHidden?: boolean
}

/** How a board works; absent means the dispatcher's own setting. */
export interface BoardSettings {
  /** In the order in which they are shown; the states in their natural order unless given. */
  readonly columns?: readonly BoardColumn[]
  readonly defaultAssignee?: string
  readonly defaultWorkdir?: string
  readonly maxRunning?: number
  readonly maxRunningPerAssignee?: number
  /** Tasks with a label that may run at once. */
  readonly labelCaps?: Readonly<Record<string, number>>
  readonly maxAttempts?: number
  readonly maxRuntimeMs?: number
  readonly taskBudget?: Budget
  readonly dayBudget?: Budget
  readonly boardBudget?: Budget
  /** Whether triage tasks are specified and decomposed by the model. */
  readonly isAutoTriaged?: boolean
  readonly isReviewDispatched?: boolean
  readonly weight?: number
}

export interface Board {
  readonly slug: string
  readonly name: string
  readonly description: string | null
  readonly icon: string | null
  readonly colour: string | null
  readonly settings: BoardSettings
  readonly pausedAt: number | null
  readonly pausedReason: string | null
  readonly createdAt: number
  readonly updatedAt: number
  readonly revision: number
  readonly archivedAt: number | null
  /** Set while its file waits to be removed; such a board is in no list. */
  readonly deletedAt: number | null
}
