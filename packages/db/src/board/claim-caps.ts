import { sql } from 'kysely'
import { PreparedQuery } from '../prepared-query.ts'
import type { Snapshot } from '../scope.ts'
import type { Candidate, WaitingCode } from './records.ts'
import type { BoardTables } from './tables.ts'

/** How many tasks of a board may run at once. What is absent is not capped. */
export interface ClaimCaps {
  readonly board?: number
  readonly perAssignee?: number
  readonly perLabel?: Readonly<Record<string, number>>
  /** Assignees that are given nothing now: what they run elsewhere, or an open circuit breaker, is not this board's to know. */
  readonly without?: readonly string[]
}

/** Which cap holds a task back. */
type CapCode = Extract<WaitingCode, 'board_cap' | 'assignee_cap' | 'label_cap'>

/**
 * What runs on a board, as far as caps ask for it, counted inside the transaction that claims: a task that runs has an
 * open run and the other way round, so no two dispatchers can both take the last place.
 */
export class RunningCount {
  readonly #db: Snapshot<BoardTables>
  readonly #caps: ClaimCaps
  readonly #counts = new Map<string, number>()

  constructor(db: Snapshot<BoardTables>, caps: ClaimCaps) {
    this.#db = db
    this.#caps = caps
  }

  /** The cap that has no room for one more like this, if one has not. */
  async capOf({ assignee, labels }: Pick<Candidate, 'assignee' | 'labels'>): Promise<CapCode | undefined> {
    const { board, perAssignee } = this.#caps
    if (board !== undefined && (await this.#count('board')) >= board) return 'board_cap'
    if (perAssignee !== undefined && assignee !== null && (await this.#count('assignee', assignee)) >= perAssignee) return 'assignee_cap'
    return (await this.fullLabels(labels)).length > 0 ? 'label_cap' : undefined
  }

  /** Those of some labels that have no room for one more. */
  async fullLabels(labels: readonly string[]): Promise<readonly string[]> {
    const full: string[] = []
    for (const label of labels) {
      const cap = this.#capOfLabel(label)
      if (cap !== undefined && (await this.#count('label', label)) >= cap) full.push(label)
    }
    return full
  }

  /** Notes that one more runs. */
  add({ assignee, labels }: Pick<Candidate, 'assignee' | 'labels'>): void {
    for (const key of [keyOf('board'), keyOf('assignee', assignee ?? ''), ...labels.map((label) => keyOf('label', label))]) {
      const count = this.#counts.get(key)
      if (count !== undefined) this.#counts.set(key, count + 1)
    }
  }

  #capOfLabel(label: string): number | undefined {
    const { perLabel } = this.#caps
    return perLabel && Object.hasOwn(perLabel, label) ? perLabel[label] : undefined
  }

  async #count(of: CountOf, name = ''): Promise<number> {
    const key = keyOf(of, name)
    const known = this.#counts.get(key)
    if (known !== undefined) return known
    const row = await COUNTS[of].first(this.#db, { name })
    this.#counts.set(key, row!.count)
    return row!.count
  }
}

type CountOf = 'board' | 'assignee' | 'label'

const keyOf = (of: CountOf, name = '') => `${of}:${name}`

const runs = sql<boolean>`state = 'running' and deleted_at is null`

const countOf = sql<number>`count(*)`.as('count')

const COUNTS = {
  board: new PreparedQuery<BoardTables, { name: string }, { count: number }>((db) => db.selectFrom('task').select(countOf).where(runs)),
  assignee: new PreparedQuery<BoardTables, { name: string }, { count: number }>((db, { name }) =>
    db.selectFrom('task').select(countOf).where(runs).where('assignee', '=', name),
  ),
  // From what runs to its labels, never the other way: those that are done with a label are many.
  label: new PreparedQuery<BoardTables, { name: string }, { count: number }>((db, { name }) =>
    db
      .selectFrom('task')
      .select(countOf)
      .where(runs)
      .where(sql<boolean>`+exists (select 1 from task_label where label = ${name} and task_number = task.number)`),
  ),
}
