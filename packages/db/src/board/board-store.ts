import type { Clock } from '@talaria/core'
import { sql } from 'kysely'
import type { Database, Source } from '../database.ts'
import type { Snapshot } from '../scope.ts'
import { appendEvent } from './append-event.ts'
import { BoardError, invalidField } from './board-error.ts'
import { boardOf } from './board-rows.ts'
import type { Actor, Board, BoardSettings, EventKind, Spend, TaskState } from './records.ts'
import type { BoardTables } from './tables.ts'

/** What of a board may be changed; `null` clears. */
export interface BoardChanges {
  readonly name?: string
  readonly description?: string | null
  readonly icon?: string | null
  readonly colour?: string | null
  /** Merged into those that are there. */
  readonly settings?: { readonly [Key in keyof BoardSettings]?: BoardSettings[Key] | null }
}

/** What a board has cost. */
export interface BoardSpend {
  readonly spend: Spend & { readonly runMs: number }
  /** Of this day, in UTC. */
  readonly spendToday: Spend & { readonly runMs: number }
}

/** Numbers about a board. */
export interface BoardStats extends BoardSpend {
  readonly byState: Readonly<Record<string, number>>
  readonly byAssignee: readonly { readonly assignee: string | null; readonly state: TaskState; readonly count: number }[]
  /** Since when the task that waits longest has been ready. */
  readonly oldestReadyAt: number | null
}

const NOTHING = { inputTokens: 0, outputTokens: 0, costMicros: 0, runMs: 0 }

/** What one may ask of a board as a whole. */
export class BoardReader {
  protected readonly source: Source<BoardTables>
  protected readonly clock: Clock

  constructor(source: Source<BoardTables>, clock: Clock) {
    this.source = source
    this.clock = clock
  }

  /** @throws BoardError `BOARD_NOT_FOUND` when it was deleted. */
  async get(): Promise<Board> {
    const row = await this.source.read((db) => db.selectFrom('board').selectAll().executeTakeFirst())
    if (!row || row.deleted_at !== null) throw new BoardError('BOARD_NOT_FOUND', 'This board was deleted.')
    return boardOf(row)
  }

  stats(): Promise<BoardStats> {
    return this.source.read(async (db) => {
      const rows = await db
        .selectFrom('task')
        .select(['assignee', 'state', (eb) => eb.fn.countAll<number>().as('count'), (eb) => eb.fn.min('ready_at').as('oldest')])
        .where('deleted_at', 'is', null)
        .groupBy(['assignee', 'state'])
        .execute()
      const byState: Record<string, number> = {}
      for (const { state, count } of rows) byState[state] = (byState[state] ?? 0) + count
      const ready = rows.filter(({ state, oldest }) => state === 'ready' && oldest !== null).map(({ oldest }) => Number(oldest))
      return {
        byState,
        byAssignee: rows.map(({ assignee, state, count }) => ({ assignee, state: state as TaskState, count })),
        oldestReadyAt: ready.length > 0 ? Math.min(...ready) : null,
        ...(await spendOf(db, this.clock.now())),
      }
    })
  }

  /** What the board has cost, in all and today: two rows, whatever is on it. */
  spend(): Promise<BoardSpend> {
    return this.source.read((db) => spendOf(db, this.clock.now()))
  }

  /** Another text after every commit to the board, whichever process made it: what was read under the same one is as it was. */
  version(): Promise<string> {
    return this.source.version()
  }

  /** Yields at once and after every commit to the board, whichever process made it. */
  changes(signal: AbortSignal): AsyncGenerator<void> {
    return this.source.changes(signal)
  }
}

/** What one may ask of a board, and change about it as a whole. */
export class BoardStore extends BoardReader {
  readonly #database: Database<BoardTables>

  constructor(database: Database<BoardTables>, clock: Clock) {
    super(database, clock)
    this.#database = database
  }

  /** @throws BoardError `STALE_REVISION` when it was changed since the caller read it. */
  change(changes: BoardChanges, { actor, revision }: { readonly actor: Actor; readonly revision?: number }): Promise<Board> {
    if (changes.name !== undefined && changes.name.trim() === '') throw invalidField('name', 'some text')
    const { settings, ...columns } = changes
    return this.#update(actor, 'board.changed', { fields: Object.keys(changes) }, (board) => {
      if (revision !== undefined && revision !== board.revision) {
        throw new BoardError('STALE_REVISION', `The board was changed since you read it (revision ${board.revision}, not ${revision}).`, {
          details: { expected: revision, actual: board.revision },
        })
      }
      return { ...columns, ...(settings && { settings: JSON.stringify(merged(board.settings, settings)) }) }
    })
  }

  /** Has the dispatcher begin nothing on this board; what runs goes on. */
  pause(reason: string, actor: Actor): Promise<Board> {
    return this.#update(actor, 'board.paused', { reason }, () => ({ paused_at: this.clock.now(), paused_reason: reason }))
  }

  resume(actor: Actor): Promise<Board> {
    return this.#update(actor, 'board.resumed', {}, () => ({ paused_at: null, paused_reason: null }))
  }

  /** Puts a board away: it is read-only, and in no list that does not ask for it. */
  archive(actor: Actor): Promise<Board> {
    return this.#update(actor, 'board.archived', {}, () => ({ archived_at: this.clock.now() }))
  }

  restore(actor: Actor): Promise<Board> {
    return this.#update(actor, 'board.restored', {}, () => ({ archived_at: null }))
  }

  #update(actor: Actor, kind: EventKind, payload: Record<string, unknown>, columnsOf: (board: Board) => object): Promise<Board> {
    const now = this.clock.now()
    return this.#database.write(async (tx) => {
      const before = await tx.selectFrom('board').selectAll().where('deleted_at', 'is', null).executeTakeFirst()
      if (!before) throw new BoardError('BOARD_NOT_FOUND', 'This board was deleted.')
      const row = await tx
        .updateTable('board')
        .set({ ...columnsOf(boardOf(before)), updated_at: now, revision: sql<number>`revision + 1` })
        .returningAll()
        .executeTakeFirstOrThrow()
      await appendEvent(tx, { kind, actor, payload, at: now })
      return boardOf(row)
    })
  }
}

/** A day of the spending ledger, in UTC: `2026-11-24`. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

async function spendOf(db: Snapshot<BoardTables>, now: number): Promise<BoardSpend> {
  const days = await db
    .selectFrom('spend')
    .select((eb) => [
      eb.fn.sum<number>('input_tokens').as('inputTokens'),
      eb.fn.sum<number>('output_tokens').as('outputTokens'),
      eb.fn.sum<number>('cost_micros').as('costMicros'),
      eb.fn.sum<number>('run_ms').as('runMs'),
    ])
    .executeTakeFirstOrThrow()
  const today = await db
    .selectFrom('spend')
    .select(['input_tokens as inputTokens', 'output_tokens as outputTokens', 'cost_micros as costMicros', 'run_ms as runMs'])
    .where('day', '=', dayOf(now))
    .executeTakeFirst()
  const { inputTokens, outputTokens, costMicros, runMs } = days
  return {
    spend: { inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0, costMicros: costMicros ?? 0, runMs: runMs ?? 0 },
    spendToday: today ?? NOTHING,
  }
}

function merged(settings: BoardSettings, changes: object): object {
  return Object.fromEntries(Object.entries({ ...settings, ...changes }).filter(([, value]) => value !== null))
}
