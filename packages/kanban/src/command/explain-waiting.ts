import type { Link, TaskDetail, WaitingCode } from '@talaria/db'
import { fromNow } from './age.ts'
import { safeLine } from './safe-text.ts'

/** What somebody can do about it, by why a task does not run; nothing where time alone helps. `%` stands for its number. */
const ADVICE: Readonly<Partial<Record<WaitingCode, string>>> = {
  triage: 'specify % has it begin as it is; edit % changes it before.',
  parents: 'It begins by itself when they are done. unlink PARENT % has it wait no longer.',
  deadlock: 'Reopen the parent that ended otherwise (reopen PARENT), or unlink it (unlink PARENT %).',
  not_before: 'promote % has it begin now.',
  backoff: 'It is tried again by itself. transcript % says what went wrong.',
  unassigned: 'assign % NAME',
  unknown_assignee: 'assign % NAME, or add the assignee to KANBAN_ASSIGNEES.',
  host_cap: 'It begins when another ends. KANBAN_MAX_RUNNING is how many may run.',
  board_cap: 'It begins when another of this board ends. KANBAN_MAX_RUNNING_PER_BOARD is how many may run.',
  assignee_cap: 'It begins when another of its assignee ends. KANBAN_MAX_RUNNING_PER_ASSIGNEE is how many may run.',
  budget: 'Raise its budget (edit % --budget-tokens …), or that of the board.',
  board_paused: 'resume has tasks begin again.',
  review: 'Its reviewer completes it, or says request-changes %. request-review % --reviewer NAME names one.',
  approval: 'approvals shows what waits for a word; approve or deny it.',
  blocked: 'unblock % --reason "the answer" has it go on.',
}

/** Why a task is not running, and what to do about it. */
export interface Explanation {
  readonly task: number
  readonly state: string
  readonly code: WaitingCode | 'running' | 'ended'
  readonly reason: string
  readonly since: number | null
  readonly advice: string | null
  /** Tasks that it waits for, or that ended otherwise. */
  readonly parents: readonly number[]
}

/** @param isDispatcherRunning `undefined` where nobody can tell. */
export function explainWaiting(task: TaskDetail, links: readonly Link[], now: number, isDispatcherRunning: boolean | undefined): Explanation {
  const { number, state, waiting } = task
  const parents = links.filter((link) => link.childNumber === number && link.state !== 'met').map(({ parentNumber }) => parentNumber)
  const told = { task: number, state, since: waiting?.since ?? null, parents }
  if (state === 'running') return { ...told, code: 'running', reason: `It is running: attempt ${task.attempts}.`, advice: null }
  if (state === 'done' || state === 'archived') return { ...told, code: 'ended', reason: `It is ${state}.`, advice: null }
  const code = waiting?.code ?? 'queued'
  const reason = [
    safeLine(waiting?.detail ?? 'It waits for its turn.', 300),
    ...(parents.length > 0 ? [`It waits for ${parents.map((parent) => `#${parent}`).join(', ')}.`] : []),
    ...(task.nextAttemptAt !== null && task.nextAttemptAt > now ? [`The next attempt is ${fromNow(task.nextAttemptAt, now)}.`] : []),
    ...(task.lastFailure ? [`The last attempt failed: ${task.lastFailure.code}, ${safeLine(task.lastFailure.message, 200)}`] : []),
  ].join(' ')
  const isStarving = isDispatcherRunning === false && (state === 'ready' || state === 'review')
  const advice = isStarving ? 'No dispatcher is running: start it with `pnpm kanban`.' : (ADVICE[code]?.replaceAll('%', String(number)) ?? null)
  return { ...told, code, reason, advice }
}
