import type { Waiting, WaitingCode } from './records.ts'
import type { TaskHead } from './task-head.ts'
import { isDeadlocked, parentsAllow } from './task-parents.ts'

type Reason = Omit<Waiting, 'since'>

type WaitingColumns = Pick<
  TaskHead,
  'state' | 'assignee' | 'not_before' | 'next_attempt_at' | 'block_kind' | 'block_reason' | 'parents_mode' | 'open_parents' | 'met_parents' | 'dead_parents'
>

const NO_REASON: Readonly<Record<string, string>> = {
  dependency: 'Its parents have ended so that it can never begin.',
  needs_input: 'Somebody has to answer first.',
  gave_up: 'Too many attempts failed.',
}

/** Why a task is not running, as far as the task itself says so; caps and budgets are the dispatcher's to add. */
export function waitingOf(head: WaitingColumns, at: number): Reason | null {
  switch (head.state) {
    case 'triage':
      return reason('triage', 'It is to be specified first.')
    case 'todo':
      if (isDeadlocked(head)) return reason('deadlock', NO_REASON['dependency']!)
      return parentsAllow(head) ? reason('queued', 'Nobody has promoted it yet.') : reason('parents', `Waits for ${head.open_parents} of its parents.`)
    case 'scheduled':
      return reason('not_before', head.not_before === null ? 'Waits for its time.' : `Waits until ${new Date(head.not_before).toISOString()}.`)
    case 'ready':
      if (head.assignee === null) return reason('unassigned', 'Nobody is assigned to it.')
      if (head.next_attempt_at !== null && head.next_attempt_at > at)
        return reason('backoff', `Is tried again at ${new Date(head.next_attempt_at).toISOString()}.`)
      return reason('queued', 'Waits for a worker.')
    case 'review':
      return head.assignee === null ? reason('review', 'Waits for a review.') : reason('queued', 'Waits for its reviewer.')
    case 'blocked':
      return reason(head.block_kind === 'dependency' ? 'deadlock' : 'blocked', head.block_reason || NO_REASON[head.block_kind ?? ''] || 'It is blocked.')
    default:
      return null
  }
}

function reason(code: WaitingCode, detail: string): Reason {
  return { code, detail }
}
