import type { LinkCondition, LinkState } from './records.ts'
import type { TaskHead } from './task-head.ts'

type Counters = Pick<TaskHead, 'parents_mode' | 'open_parents' | 'met_parents' | 'dead_parents'>

/** Whether a task may be worked on as far as its parents go. */
export function parentsAllow({ parents_mode, open_parents, met_parents, dead_parents }: Counters): boolean {
  if (parents_mode === 'any') return met_parents > 0 || open_parents + dead_parents === 0
  return open_parents + dead_parents === 0
}

/** Whether its parents have ended so that they will never allow it, unless one is opened again. */
export function isDeadlocked(counters: Counters): boolean {
  return counters.open_parents === 0 && !parentsAllow(counters)
}

/** What a task is for those that wait for it. `dropped`: archived or deleted without having been done. */
export type Ending = 'open' | 'success' | 'failure' | 'dropped'

/** What of a row says how its task has ended. */
export type EndColumns = Pick<TaskHead, 'state' | 'archived_from' | 'verdict' | 'block_kind' | 'deleted_at'>

/** How a task has ended, if it has. What was given up and then archived has failed for good. */
export function endingOf({ state, archived_from, verdict, block_kind, deleted_at }: EndColumns): Ending {
  const isDone = state === 'done' || (state === 'archived' && archived_from === 'done')
  if (isDone) return verdict === 'failure' ? 'failure' : 'success'
  if (state === 'archived') return archived_from === 'blocked' && block_kind === 'gave_up' ? 'failure' : 'dropped'
  return deleted_at === null ? 'open' : 'dropped'
}

/** By condition of a link: what it becomes when its parent has come to this ending. */
export const LINK_STATES: Readonly<Record<Ending, Readonly<Record<LinkCondition, LinkState>>>> = {
  open: { success: 'open', failure: 'open', always: 'open' },
  success: { success: 'met', failure: 'dead', always: 'met' },
  failure: { success: 'dead', failure: 'met', always: 'met' },
  dropped: { success: 'met', failure: 'dead', always: 'met' },
}
