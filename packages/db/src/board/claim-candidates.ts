import { sql, type Selectable } from 'kysely'
import { PreparedQuery } from '../prepared-query.ts'
import type { Snapshot } from '../scope.ts'
import type { Candidate, WaitingCode } from './records.ts'
import { labelsColumn } from './task-rows.ts'
import type { BoardTables, TaskTable } from './tables.ts'

/** From which states tasks are claimed: work that is ready, and results that wait for their reviewer. */
export type ClaimableState = Candidate['state']

/** Which candidates, and from where in their order on. */
export interface CandidateQuery {
  readonly states: readonly ClaimableState[]
  readonly now: number
  readonly limit: number
  /** The last one that was looked at; the best unless given. */
  readonly after?: Pick<Candidate, 'rank' | 'number'>
  /** Assignees and labels that can take no more; `null` is nobody. */
  readonly without?: { readonly assignees: readonly (string | null)[]; readonly labels: readonly string[] }
}

/** Tasks that could be claimed now, the best first: by rank, then the older one. */
export async function candidatesOf(db: Snapshot<BoardTables>, { states, now, limit, after, without }: CandidateQuery): Promise<readonly Candidate[]> {
  const { rows } = await pageQuery.run(db, {
    ready: Number(states.includes('ready')),
    review: Number(states.includes('review')),
    now,
    limit,
    // Ranks are sums of times: none is as large as these.
    rank: after?.rank ?? Number.MAX_SAFE_INTEGER,
    number: after?.number ?? 0,
    assignees: JSON.stringify(without?.assignees.map((assignee) => assignee ?? '') ?? []),
    labels: JSON.stringify(without?.labels ?? []),
  })
  return rows.map(candidateOf)
}

interface Page {
  readonly ready: number
  readonly review: number
  readonly now: number
  readonly limit: number
  readonly rank: number
  readonly number: number
  readonly assignees: string
  readonly labels: string
}

type CandidateRow = Pick<Selectable<TaskTable>, 'number' | 'id' | 'state' | 'assignee' | 'rank' | 'waiting_code' | 'waiting_detail' | 'waiting_since'> & {
  readonly labels: string
}

/** Whether a task's parents let it run: the counters are kept by whoever ends or links a parent. */
const parentsAllow = sql<boolean>`(case parents_mode when 'any' then met_parents > 0 or open_parents + dead_parents = 0 else open_parents + dead_parents = 0 end)`

/** Written out, because SQLite takes a partial index only for a query that says the same words. */
const isClaimable = sql<boolean>`state in ('ready', 'review') and deleted_at is null`

/** One state's part of the order. SQLite merges the two as it goes, and reads no further than `limit`. */
const part = (db: Snapshot<BoardTables>, state: ClaimableState, page: Page) =>
  db
    .selectFrom('task')
    .select(['number', 'id', 'state', 'assignee', 'rank', 'waiting_code', 'waiting_detail', 'waiting_since', labelsColumn])
    .where(isClaimable)
    .where(sql<boolean>`state = ${sql.lit(state)}`)
    .where(sql<boolean>`${page[state]}`)
    .where('rank', '<=', page.rank)
    .where(sql<boolean>`(rank < ${page.rank} or number > ${page.number})`)
    .where(sql<boolean>`(next_attempt_at is null or next_attempt_at <= ${page.now})`)
    .where(sql<boolean>`(not_before is null or not_before <= ${page.now})`)
    .where(parentsAllow)
    .where(sql<boolean>`coalesce(assignee, '') not in (select value from json_each(${page.assignees}))`)
    .where(
      sql<boolean>`(${page.labels} = '[]' or not exists (select 1 from task_label where task_number = task.number and label in (select value from json_each(${page.labels}))))`,
    )

const pageQuery = new PreparedQuery<BoardTables, Page, CandidateRow>((db, page) =>
  part(db, 'ready', page)
    .unionAll(part(db, 'review', page))
    .orderBy('rank', 'desc')
    .orderBy('number')
    // A sum: of a bare parameter SQLite wants to know how large it is, and prepares anew each time it is bound.
    .limit(sql<number>`${page.limit} + 0`),
)

function candidateOf(row: CandidateRow): Candidate {
  return {
    number: row.number,
    id: row.id,
    state: row.state as ClaimableState,
    assignee: row.assignee,
    labels: JSON.parse(row.labels) as readonly string[],
    rank: row.rank,
    waiting: row.waiting_code === null ? null : { code: row.waiting_code as WaitingCode, detail: row.waiting_detail ?? '', since: row.waiting_since ?? 0 },
  }
}
