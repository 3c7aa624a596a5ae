import type { TaskState } from './records.ts'

/** What can be done to a task. Each surface (CLI, HTTP, chat, tools, dispatcher) does these and nothing else. */
export type TaskAction =
  | 'specify'
  | 'promote'
  | 'demote'
  | 'schedule'
  | 'wake'
  | 'claim'
  | 'complete'
  | 'block'
  | 'unblock'
  | 'request_review'
  | 'request_changes'
  | 'reopen'
  | 'fail'
  | 'give_up'
  | 'release'
  | 'archive'
  | 'unarchive'

interface Transition {
  readonly from: readonly TaskState[]
  /** The first is the usual one; which of several it is depends on the task, as `rule` says. */
  readonly to: readonly TaskState[]
  /** `anyone`: who may use the board, and the worker whose claim is current. `dispatcher`: nobody else. */
  readonly by: 'anyone' | 'dispatcher'
  readonly rule: string
}

/**
 * Every way from one state to another. The store refuses what is not here, whoever asks, and any way out of `running`
 * takes the claim away and fences its worker, so that nothing of a lost claim is ever written.
 */
export const TRANSITIONS: Readonly<Record<TaskAction, Transition>> = {
  specify: { from: ['triage'], to: ['ready', 'todo', 'scheduled'], by: 'anyone', rule: 'todo while a parent is open, scheduled until its time' },
  promote: {
    from: ['todo', 'scheduled', 'blocked', 'triage'],
    to: ['ready', 'review'],
    by: 'anyone',
    rule: 'only when its parents allow it; to where it was before',
  },
  demote: { from: ['ready', 'review', 'running', 'done'], to: ['todo'], by: 'anyone', rule: 'when a parent is linked or opened again' },
  schedule: { from: ['triage', 'todo', 'ready', 'running', 'blocked'], to: ['scheduled'], by: 'anyone', rule: 'until not_before, then as promote or todo' },
  wake: { from: ['scheduled'], to: ['ready', 'todo'], by: 'anyone', rule: 'todo while a parent is open' },
  claim: { from: ['ready', 'review'], to: ['running'], by: 'dispatcher', rule: 'parents allow it, no back-off, and within the caps' },
  complete: { from: ['running', 'ready', 'todo', 'blocked', 'review'], to: ['done'], by: 'anyone', rule: 'its checks pass and its gates are open' },
  block: {
    from: ['running', 'ready', 'todo', 'review'],
    to: ['blocked', 'triage'],
    by: 'anyone',
    rule: 'triage when it is blocked again and again for one reason',
  },
  unblock: { from: ['blocked'], to: ['ready', 'review', 'todo', 'scheduled'], by: 'anyone', rule: 'where its parents and its time let it be' },
  request_review: { from: ['running', 'ready'], to: ['review'], by: 'anyone', rule: 'the assignee is kept as implementer' },
  request_changes: { from: ['running', 'review'], to: ['ready', 'todo'], by: 'anyone', rule: 'from running only when it was claimed from review' },
  reopen: { from: ['done', 'review'], to: ['ready', 'todo', 'triage'], by: 'anyone', rule: 'children that had begun because of it go back to todo' },
  fail: { from: ['running'], to: ['ready', 'review'], by: 'dispatcher', rule: 'back to where it was claimed from, after a back-off' },
  give_up: { from: ['running', 'ready', 'review'], to: ['blocked'], by: 'dispatcher', rule: 'too many failures; redrive is unblock' },
  release: { from: ['running'], to: ['ready', 'review', 'todo'], by: 'anyone', rule: 'without a failure: an operator, or a claim that was not needed' },
  archive: {
    from: ['triage', 'todo', 'scheduled', 'ready', 'running', 'review', 'blocked', 'done'],
    to: ['archived'],
    by: 'anyone',
    rule: 'children count it as ended',
  },
  unarchive: {
    from: ['archived'],
    to: ['todo', 'ready', 'triage', 'scheduled', 'blocked', 'review', 'done'],
    by: 'anyone',
    rule: 'where it was; what ran is ready',
  },
}

/** Whether the table knows a way by `action` out of `from`. */
export function isAllowed(action: TaskAction, from: TaskState): boolean {
  return TRANSITIONS[action].from.includes(from)
}

/** What can be done to a task in this state by a person, for buttons, completion and error messages. */
export function actionsFrom(state: TaskState): readonly TaskAction[] {
  return (Object.keys(TRANSITIONS) as TaskAction[]).filter((action) => TRANSITIONS[action].by === 'anyone' && isAllowed(action, state))
}
