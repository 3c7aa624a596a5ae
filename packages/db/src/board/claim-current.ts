import { sql, type Selectable } from 'kysely'
import { PreparedQuery } from '../prepared-query.ts'
import type { Snapshot, Transaction } from '../scope.ts'
import { BoardError } from './board-error.ts'
import type { Claim, RunOutcome } from './records.ts'
import { headOf, type TaskHead } from './task-head.ts'
import type { BoardTables, RunTable } from './tables.ts'

/** What is thrown to whoever writes about an attempt that is not, or no longer, the task's. */
function claimLost({ taskNumber, runId }: Pick<Claim, 'taskNumber' | 'runId'>): BoardError {
  return new BoardError('CLAIM_LOST', `#${taskNumber} is not, or no longer, run ${runId}'s to write about.`, { details: { taskNumber, runId } })
}

/** What an end of a run looks at: the run and its task. */
export interface CurrentRun {
  readonly head: TaskHead
  readonly sourceState: 'ready' | 'review'
  readonly claimedAt: number
}

/**
 * The run of a claim with its task, to be ended so. `undefined` when it has ended so already: whoever ends it once more
 * has not heard the answer of the first time.
 *
 * @throws BoardError `CLAIM_LOST`
 */
export async function currentRun(tx: Transaction<BoardTables>, claim: Claim, outcome: RunOutcome): Promise<CurrentRun | undefined> {
  const run = await runQuery.first(tx, { id: claim.runId })
  if (!run || run.fence !== claim.fence || run.task_number !== claim.taskNumber) throw claimLost(claim)
  if (run.outcome === outcome) return undefined
  const head = run.ended_at === null ? await headOf(tx, run.task_number) : undefined
  if (!head || head.run_id !== run.id || head.fence !== run.fence) throw claimLost(claim)
  return { head, sourceState: run.source_state as CurrentRun['sourceState'], claimedAt: run.claimed_at }
}

/** Makes sure that a claim is current, before something that is not part of its run is written. @throws BoardError `CLAIM_LOST` */
export async function requireCurrent(db: Snapshot<BoardTables>, claim: Claim): Promise<void> {
  const run = await runQuery.first(db, { id: claim.runId })
  if (!run || run.ended_at !== null || run.fence !== claim.fence || run.task_number !== claim.taskNumber) throw claimLost(claim)
}

type RunCheck = Pick<Selectable<RunTable>, 'id' | 'task_number' | 'fence' | 'source_state' | 'outcome' | 'claimed_at' | 'ended_at'>

const runQuery = new PreparedQuery<BoardTables, { id: string }, RunCheck>((db, { id }) =>
  db.selectFrom('run').select(['id', 'task_number', 'fence', 'source_state', 'outcome', 'claimed_at', 'ended_at']).where('id', '=', id).limit(sql.lit(1)),
)
