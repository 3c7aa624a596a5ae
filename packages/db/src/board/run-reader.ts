import { sql, type Selectable } from 'kysely'
import type { Source } from '../database.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { Snapshot } from '../scope.ts'
import { dueOn, type Due } from './claim-due.ts'
import type { Run } from './records.ts'
import { openRunOf, runOf, type ClaimedRunRow, type OpenRun } from './run-rows.ts'
import { steeringSince, type Steering } from './steering-rows.ts'
import type { BoardTables, RunTable } from './tables.ts'

/** What may be asked about attempts. */
export class RunReader {
  protected readonly source: Source<BoardTables>

  constructor(source: Source<BoardTables>) {
    this.source = source
  }

  get(runId: string): Promise<Run | undefined> {
    return this.source.read(async (db) => {
      const row = await runQuery.first(db, { id: runId })
      return row && runOf(row)
    })
  }

  /** All attempts at a task, the first one first. */
  ofTask(number: number): Promise<readonly Run[]> {
    return this.source.read(async (db) => {
      const rows = await db.selectFrom('run').selectAll().where('task_number', '=', number).orderBy('id').execute()
      return rows.map(runOf)
    })
  }

  /** The attempt that a token was given out for, also when it is over; `undefined` when there is none or the token is another. */
  ofToken(runId: string, tokenHash: string): Promise<OpenRun | undefined> {
    return this.source.read(async (db) => {
      const row = await tokenQuery.first(db, { id: runId, hash: tokenHash })
      return row && openRunOf(row)
    })
  }

  /** All attempts that are under way, whoever watches over them. */
  open(): Promise<readonly OpenRun[]> {
    return this.source.read(async (db) => (await claimedRuns(db).where('run.ended_at', 'is', null).orderBy('run.id').execute()).map(openRunOf))
  }

  /** Attempts whose lease is over: their workers have said nothing for too long. The longest first. */
  expired(now: number): Promise<readonly OpenRun[]> {
    return this.source.read(async (db) => (await expiredQuery.run(db, { now })).rows.map(openRunOf))
  }

  /** Attempts that have taken longer than they may. */
  overdue(now: number): Promise<readonly OpenRun[]> {
    return this.source.read(async (db) => (await overdueQuery.run(db, { now })).rows.map(openRunOf))
  }

  /** How many attempts are under way on a host; what a cap of the host counts over all boards. */
  countRunning(host: string): Promise<number> {
    return this.source.read(async (db) => (await countQuery.first(db, { host }))!.count)
  }

  /** What was said to the worker of a run after this one, also what it has heard: for a stream that resumes. */
  steering(runId: string, { after }: { readonly after?: string } = {}): Promise<readonly Steering[]> {
    return this.source.read((db) => steeringSince(db, runId, after))
  }

  /** What there is to do now. */
  due(now: number): Promise<Due> {
    return this.source.read((db) => dueOn(db, now))
  }

  /** When time alone brings something to do next, after `now`: a task may begin, a routine makes one, a lease ends, or an attempt has taken too long. */
  nextAt(now: number): Promise<number | undefined> {
    return this.source.read(async (db) => (await nextQuery.first(db, { now }))?.at ?? undefined)
  }
}

const claimedRuns = (db: Snapshot<BoardTables>) =>
  db
    .selectFrom('run')
    .innerJoin('task', 'task.number', 'run.task_number')
    .selectAll('run')
    .select(['task.id as task_id', sql<string>`(select slug from board)`.as('board')])

const runQuery = new PreparedQuery<BoardTables, { id: string }, Selectable<RunTable>>((db, { id }) => db.selectFrom('run').selectAll().where('id', '=', id))

/** Asked at everything that a worker says. */
const tokenQuery = new PreparedQuery<BoardTables, { id: string; hash: string }, ClaimedRunRow>((db, { id, hash }) =>
  claimedRuns(db).where('run.id', '=', id).where('token_hash', '=', hash),
)

const expiredQuery = new PreparedQuery<BoardTables, { now: number }, ClaimedRunRow>((db, { now }) =>
  claimedRuns(db).where('run.ended_at', 'is', null).where('run.lease_expires_at', '<=', now).orderBy('run.lease_expires_at'),
)

const overdueQuery = new PreparedQuery<BoardTables, { now: number }, ClaimedRunRow>((db, { now }) =>
  claimedRuns(db).where('run.ended_at', 'is', null).where('run.deadline_at', '<=', now).orderBy('run.deadline_at'),
)

const countQuery = new PreparedQuery<BoardTables, { host: string }, { count: number }>((db, { host }) =>
  db
    .selectFrom('run')
    .select(sql<number>`count(*)`.as('count'))
    .where('ended_at', 'is', null)
    .where('host', '=', host),
)

/** The least of what five indexes begin with. */
const nextQuery = new PreparedQuery<BoardTables, { now: number }, { at: number | null }>((db, { now }) =>
  db.selectNoFrom((eb) =>
    sql<number | null>`(select min(at) from (select ${eb
      .selectFrom('task')
      .select(({ fn }) => fn.min('not_before').as('at'))
      .where(sql<boolean>`state = 'scheduled' and deleted_at is null`)
      .where('not_before', '>', now)} as at
      union all select ${eb
        .selectFrom('task')
        .select(({ fn }) => fn.min('next_attempt_at').as('at'))
        .where(sql<boolean>`state in ('ready', 'review') and deleted_at is null`)
        .where('next_attempt_at', '>', now)}
      union all select ${eb
        .selectFrom('run')
        .select(({ fn }) => fn.min('lease_expires_at').as('at'))
        .where('ended_at', 'is', null)
        .where('lease_expires_at', '>', now)}
      union all select ${eb
        .selectFrom('run')
        .select(({ fn }) => fn.min('deadline_at').as('at'))
        .where('ended_at', 'is', null)
        .where('deadline_at', '>', now)}
      union all select ${eb
        .selectFrom('routine')
        .select(({ fn }) => fn.min('next_slot').as('at'))
        .where(sql<boolean>`state = 'scheduled' and next_slot is not null`)
        .where('next_slot', '>', now)}))`.as('at'),
  ),
)
