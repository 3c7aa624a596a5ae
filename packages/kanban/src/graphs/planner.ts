import type { PlanModel } from './plan-model.ts'

/** What plans are made with: a model, and who may be named in them. */
export interface Planner {
  readonly model: PlanModel
  /** Those whom the configuration names; more may be known to the board. */
  readonly assignees: readonly string[]
  readonly defaultAssignee: string | undefined
}

/** Whose plan it is, and which revision of the task it is for, when that matters to whoever asks. */
export interface Planning {
  readonly planner: Planner
  readonly actor: string
  readonly revision?: number
  readonly signal: AbortSignal
}
