import type { TaskState } from './records.ts'
import type { TaskHead } from './task-head.ts'
import { isDeadlocked, parentsAllow } from './task-parents.ts'

type PlaceColumns = Pick<TaskHead, 'resume_state' | 'not_before' | 'parents_mode' | 'open_parents' | 'met_parents' | 'dead_parents'>

/** Where a task that nothing else holds back belongs: where its parents and its time let it be. */
export function placeOf(head: PlaceColumns, at: number): TaskState & ('todo' | 'scheduled' | 'ready' | 'review') {
  if (!parentsAllow(head)) return 'todo'
  if (head.not_before !== null && head.not_before > at) return 'scheduled'
  return head.resume_state === 'review' ? 'review' : 'ready'
}

/** What makes a new task blocked from its first moment on. */
export function bornBlocked(head: PlaceColumns): { readonly kind: 'dependency'; readonly reason: string } | undefined {
  return isDeadlocked(head) ? { kind: 'dependency', reason: 'Its parents have ended so that it can never begin.' } : undefined
}
