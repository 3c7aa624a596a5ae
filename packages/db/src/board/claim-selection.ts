import { sql } from 'kysely'
import { PreparedQuery } from '../prepared-query.ts'
import type { Snapshot } from '../scope.ts'
import { candidatesOf, type ClaimableState } from './claim-candidates.ts'
import { RunningCount } from './claim-caps.ts'
import type { ClaimOptions, ClaimRefusal, HeldTask } from './claim-options.ts'
import type { Candidate, TaskState, WaitingCode } from './records.ts'
import { taskNotFound } from './task-head.ts'
import { isDeadlocked, parentsAllow } from './task-parents.ts'
import { labelsColumn } from './task-rows.ts'
import type { BoardTables } from './tables.ts'

/** Looked at in one query once the best candidates did not do. */
const PAGE_ROWS = 100

/** A task that may be claimed in the snapshot it was found in. */
export interface ChosenTask {
  readonly number: number
  readonly state: ClaimableState
  readonly executor: string
  readonly board: string
}

/** What was chosen, and what was looked at on the way and may not run now. */
interface ClaimSelection {
  readonly chosen: readonly ChosenTask[]
  readonly held: readonly HeldTask[]
}

/** Chooses the best tasks that caps and executors allow, up to `limit`. Looks no further than it must. */
export async function selectTasks(db: Snapshot<BoardTables>, options: ClaimOptions, limit: number): Promise<ClaimSelection> {
  const chosen: ChosenTask[] = []
  const held: HeldTask[] = []
  const board = await boardQuery.first(db, {})
  if (!board || board.is_paused === 1) return { chosen, held }
  const running = new RunningCount(db, options.caps)
  const full = { assignees: new Set<string | null>(options.caps.without), labels: new Set<string>() }
  let after: Candidate | undefined
  for (let size = limit; chosen.length < limit; size = PAGE_ROWS) {
    const page: readonly Candidate[] = await candidatesOf(db, {
      states: options.states ?? ['ready', 'review'],
      now: options.now,
      limit: size,
      ...(after && { after }),
      without: { assignees: [...full.assignees], labels: [...full.labels] },
    })
    for (const candidate of page) {
      const executor = candidate.assignee === null ? undefined : options.executorOf(candidate.assignee)
      const code = executor === undefined ? codeOfNobody(candidate.assignee) : await running.capOf(candidate)
      if (code === undefined) {
        running.add(candidate)
        chosen.push({ number: candidate.number, state: candidate.state, executor: executor!, board: board.slug })
        if (chosen.length === limit) break
        continue
      }
      // A result that waits for a person, and not for a worker, knows so itself.
      if (code !== 'unassigned' || candidate.state !== 'review') held.push({ number: candidate.number, code })
      if (code === 'board_cap') return { chosen, held }
      if (code === 'label_cap') for (const label of await running.fullLabels(candidate.labels)) full.labels.add(label)
      else full.assignees.add(candidate.assignee)
    }
    if (page.length < size) break
    after = page.at(-1)
  }
  return { chosen, held }
}

/**
 * Looks whether one task may be claimed, by the same rules.
 *
 * @throws BoardError `TASK_NOT_FOUND`
 */
export async function chooseTask(db: Snapshot<BoardTables>, options: ClaimOptions, number: number): Promise<ChosenTask | ClaimRefusal> {
  const task = await taskQuery.first(db, { number })
  if (!task) throw taskNotFound(`#${number}`)
  const refused = refusalOf(task, options)
  if (refused) return { refused }
  const { assignee } = task
  const executor = assignee === null ? undefined : options.executorOf(assignee)
  if (executor === undefined) return { refused: codeOfNobody(assignee) }
  if (options.caps.without?.includes(assignee!)) return { refused: 'assignee_cap' }
  const code = await new RunningCount(db, options.caps).capOf({ assignee, labels: JSON.parse(task.labels) as string[] })
  return code ? { refused: code } : { number, state: task.state as ClaimableState, executor, board: task.board }
}

const codeOfNobody = (assignee: string | null): WaitingCode => (assignee === null ? 'unassigned' : 'unknown_assignee')

const isPaused = sql<number>`(paused_at is not null or archived_at is not null or deleted_at is not null)`

const boardQuery = new PreparedQuery<BoardTables, object, { slug: string; is_paused: number }>((db) =>
  db.selectFrom('board').select(['slug', isPaused.as('is_paused')]),
)

interface TaskCheck {
  readonly state: string
  readonly assignee: string | null
  readonly parents_mode: string
  readonly open_parents: number
  readonly met_parents: number
  readonly dead_parents: number
  readonly next_attempt_at: number | null
  readonly not_before: number | null
  readonly labels: string
  readonly is_paused: number
  readonly board: string
}

const taskQuery = new PreparedQuery<BoardTables, { number: number }, TaskCheck>((db, { number }) =>
  db
    .selectFrom('task')
    .select(['state', 'assignee', 'parents_mode', 'open_parents', 'met_parents', 'dead_parents', 'next_attempt_at', 'not_before', labelsColumn])
    .select([sql<number>`(select ${isPaused} from board)`.as('is_paused'), sql<string>`(select slug from board)`.as('board')])
    .where('number', '=', number)
    .where('deleted_at', 'is', null),
)

/** What a state waits for; those that are not here do not wait. */
const WAITING_OF: Partial<Record<TaskState, WaitingCode>> = { triage: 'triage', todo: 'parents', scheduled: 'not_before', blocked: 'blocked' }

function refusalOf(task: TaskCheck, { now, states = ['ready', 'review'] }: ClaimOptions): ClaimRefusal['refused'] | undefined {
  if (task.is_paused === 1) return 'board_paused'
  const state = task.state as TaskState
  if (state !== 'ready' && state !== 'review') return WAITING_OF[state] ?? 'taken'
  if (!states.includes(state)) return state === 'review' ? 'review' : 'queued'
  if (!parentsAllow(task)) return isDeadlocked(task) ? 'deadlock' : 'parents'
  if (task.not_before !== null && task.not_before > now) return 'not_before'
  return task.next_attempt_at !== null && task.next_attempt_at > now ? 'backoff' : undefined
}
