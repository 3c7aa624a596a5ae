import { sql, type InsertResult } from 'kysely'
import { createId } from '@talaria/core'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import { appendEvent } from './append-event.ts'
import { dispatcherActor, type ClaimOptions } from './claim-options.ts'
import type { ChosenTask } from './claim-selection.ts'
import type { Claimed, Run } from './records.ts'
import { DETAIL_COLUMNS, labelsColumn, taskDetailOf, type DetailRow } from './task-rows.ts'
import type { BoardTables } from './tables.ts'

/** Claims a task that was chosen in this transaction: it runs, under a fence that is larger than any before. */
export async function takeTask(tx: Transaction<BoardTables>, chosen: ChosenTask, options: ClaimOptions, tokenHash: string): Promise<Claimed> {
  const { dispatcher, host, now, leaseMs } = options
  const runId = createId('run', now)
  const row = (await takeQuery.first(tx, { number: chosen.number, state: chosen.state, run: runId, now }))!
  const task = taskDetailOf(row)
  const maxRuntimeMs = task.settings.maxRuntimeMs ?? options.maxRuntimeMs
  const run: Run = {
    id: runId,
    taskNumber: task.number,
    attempt: task.attempts,
    fence: row.fence,
    assignee: task.assignee,
    executor: chosen.executor,
    sourceState: chosen.state,
    taskRevision: task.revision,
    outcome: null,
    dispatcher,
    host,
    pid: null,
    processStarted: null,
    workspace: null,
    claimedAt: now,
    spawnedAt: null,
    deadlineAt: maxRuntimeMs === undefined ? null : now + maxRuntimeMs,
    leaseExpiresAt: now + leaseMs,
    heartbeatAt: null,
    note: null,
    wish: null,
    wishReason: null,
    endedAt: null,
    exitCode: null,
    exitSignal: null,
    failure: null,
    summary: null,
    metadata: null,
    spend: { inputTokens: 0, outputTokens: 0, costMicros: 0 },
  }
  await insertRun.run(tx, { ...run, tokenHash })
  await appendEvent(tx, {
    kind: 'task.claimed',
    actor: dispatcherActor(dispatcher),
    payload: { from: chosen.state, attempt: run.attempt, assignee: run.assignee, executor: run.executor, host },
    taskNumber: task.number,
    runId,
    at: now,
  })
  return { claim: { board: chosen.board, taskNumber: task.number, taskId: task.id, runId, fence: row.fence }, task, run }
}

interface Taking {
  readonly number: number
  readonly state: string
  readonly run: string
  readonly now: number
}

const takeQuery = new PreparedQuery<BoardTables, Taking, DetailRow & { readonly fence: number }>((tx, { number, state, run, now }) =>
  tx
    .updateTable('task')
    .set((eb) => ({
      state: 'running',
      column_key: null,
      not_before: null,
      resume_state: state,
      run_id: run,
      fence: eb('fence', '+', 1),
      attempts: eb('attempts', '+', 1),
      revision: eb('revision', '+', 1),
      started_at: sql<number>`coalesce(started_at, ${now})`,
      updated_at: now,
      next_attempt_at: null,
      waiting_code: null,
      waiting_detail: null,
      waiting_since: null,
    }))
    .where('number', '=', number)
    .where('state', '=', state)
    .where('deleted_at', 'is', null)
    .returning([...DETAIL_COLUMNS, 'fence', labelsColumn]),
)

type NewRun = Run & { readonly tokenHash: string }

const insertRun = new PreparedQuery<BoardTables, NewRun, InsertResult>((tx, run) =>
  tx.insertInto('run').values({
    id: run.id,
    task_number: run.taskNumber,
    attempt: run.attempt,
    fence: run.fence,
    assignee: run.assignee,
    executor: run.executor,
    source_state: run.sourceState,
    task_revision: run.taskRevision,
    dispatcher: run.dispatcher,
    host: run.host,
    token_hash: run.tokenHash,
    claimed_at: run.claimedAt,
    deadline_at: run.deadlineAt,
    lease_expires_at: run.leaseExpiresAt,
  }),
)
