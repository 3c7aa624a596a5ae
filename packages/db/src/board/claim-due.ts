import { sql } from 'kysely'
import { PreparedQuery } from '../prepared-query.ts'
import type { Snapshot } from '../scope.ts'
import type { BoardTables } from './tables.ts'

/** What there is to do on a board at a moment, by kind: an idle dispatcher asks this and nothing else. */
export interface Due {
  /** Tasks whose time has come. */
  readonly hasScheduled: boolean
  /** Attempts whose worker has not been heard of for the time of a lease. */
  readonly hasExpired: boolean
  /** Attempts that have taken longer than they may. */
  readonly hasOverdue: boolean
  /** Tasks that could be claimed, as far as they know themselves. */
  readonly hasClaimable: boolean
  /** Routines whose time has come, or that were planned by a clock that has been put back since. */
  readonly hasRoutines: boolean
  /** Tasks that are to be specified first. */
  readonly hasTriage: boolean
}

export async function dueOn(db: Snapshot<BoardTables>, now: number): Promise<Due> {
  const row = (await dueQuery.first(db, { now }))!
  return {
    hasScheduled: row.scheduled === 1,
    hasExpired: row.expired === 1,
    hasOverdue: row.overdue === 1,
    hasClaimable: row.claimable === 1,
    hasRoutines: row.routines === 1,
    hasTriage: row.triage === 1,
  }
}

interface DueRow {
  readonly scheduled: number
  readonly expired: number
  readonly overdue: number
  readonly claimable: number
  readonly routines: number
  readonly triage: number
}

/** The words of the conditions are those of partial indexes, or SQLite would not take them. */
const dueQuery = new PreparedQuery<BoardTables, { now: number }, DueRow>((db, { now }) =>
  db.selectNoFrom([
    sql<number>`exists (select 1 from task where state = 'scheduled' and deleted_at is null and not_before <= ${now})`.as('scheduled'),
    sql<number>`exists (select 1 from run where ended_at is null and lease_expires_at <= ${now})`.as('expired'),
    sql<number>`exists (select 1 from run where ended_at is null and deadline_at is not null and deadline_at <= ${now})`.as('overdue'),
    sql<number>`exists (select 1 from task where state in ('ready', 'review') and deleted_at is null and (next_attempt_at is null or next_attempt_at <= ${now}))`.as(
      'claimable',
    ),
    sql<number>`exists (select 1 from routine where state = 'scheduled' and next_slot is not null and (next_slot <= ${now} or planned_at > ${now}))`.as(
      'routines',
    ),
    sql<number>`exists (select 1 from task where state = 'triage' and deleted_at is null)`.as('triage'),
  ]),
)
