import type { Selectable } from 'kysely'
import { z } from 'zod'
import { decodeNullableJson } from '../json-column.ts'
import type { Claim, Run, RunFailure, RunOutcome, RunWish } from './records.ts'
import type { RunTable } from './tables.ts'

const FailureColumn = z.custom<RunFailure>((value) => typeof value === 'object' && value !== null && 'class' in value)
const MetadataColumn = z.record(z.string(), z.unknown())

/** A row of `run` as what it is. The hash of its token stays in the database. */
export function runOf(row: Selectable<RunTable>): Run {
  return {
    id: row.id,
    taskNumber: row.task_number,
    attempt: row.attempt,
    fence: row.fence,
    assignee: row.assignee,
    executor: row.executor,
    sourceState: row.source_state as Run['sourceState'],
    taskRevision: row.task_revision,
    outcome: row.outcome as RunOutcome | null,
    dispatcher: row.dispatcher,
    host: row.host,
    pid: row.pid,
    processStarted: row.process_started,
    workspace: row.workspace,
    claimedAt: row.claimed_at,
    spawnedAt: row.spawned_at,
    deadlineAt: row.deadline_at,
    leaseExpiresAt: row.lease_expires_at,
    heartbeatAt: row.heartbeat_at,
    note: row.note,
    wish: row.wish as RunWish | null,
    wishReason: row.wish_reason,
    endedAt: row.ended_at,
    exitCode: row.exit_code,
    exitSignal: row.exit_signal,
    failure: decodeNullableJson(row.failure, FailureColumn, 'run.failure'),
    summary: row.summary,
    metadata: decodeNullableJson(row.metadata, MetadataColumn, 'run.metadata'),
    spend: { inputTokens: row.input_tokens, outputTokens: row.output_tokens, costMicros: row.cost_micros },
  }
}

/** A row of `run` with what its claim names beside it. */
export type ClaimedRunRow = Selectable<RunTable> & { readonly board: string; readonly task_id: string }

/** An attempt that is under way, and the proof by which its dispatcher writes about it. */
export interface OpenRun {
  readonly claim: Claim
  readonly run: Run
}

export function openRunOf(row: ClaimedRunRow): OpenRun {
  return {
    claim: { board: row.board, taskNumber: row.task_number, taskId: row.task_id, runId: row.id, fence: row.fence },
    run: runOf(row),
  }
}
