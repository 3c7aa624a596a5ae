import type { Clock } from '@talaria/core'
import { sql, type Selectable } from 'kysely'
import type { Database, Source } from '../../database.ts'
import { PreparedQuery } from '../../prepared-query.ts'
import type { GatewayTables } from '../tables.ts'
import { addressColumns } from './address.ts'
import type { Inbound, NewInbound } from './chat-records.ts'
import type { AddressColumns, InboundTable } from './chat-tables.ts'
import { finishInbound, inboundOf } from './inbound-rows.ts'

/** What became of a message that came in; of a duplicate, where the first one is. */
export interface InboundAccepted {
  readonly status: 'accepted' | 'duplicate'
  readonly id: string
  /** Its place among all that ever came in. */
  readonly position: number
}

/** Messages that came in. */
export class InboundReader {
  protected readonly source: Source<GatewayTables>

  constructor(source: Source<GatewayTables>) {
    this.source = source
  }

  get(id: string): Promise<Inbound | undefined> {
    return this.source.read(async (db) => {
      const row = await db.selectFrom('inbound').selectAll().where('id', '=', id).executeTakeFirst()
      return row && inboundOf(row)
    })
  }

  /** Those of a session key that nobody has taken, oldest first. */
  waiting(sessionKey: string): Promise<readonly Inbound[]> {
    return this.source.read(async (db) => (await waitingQuery.run(db, { session_key: sessionKey })).rows.map(inboundOf))
  }

  /** How many of a session key nobody has taken. */
  count(sessionKey: string): Promise<number> {
    return this.source.read(async (db) => (await countQuery.first(db, { session_key: sessionKey }))!.count)
  }

  /** The session keys for which something waits. */
  sessionsWaiting(): Promise<readonly string[]> {
    return this.source.read(async (db) => {
      const rows = await db.selectFrom('inbound').select('session_key').distinct().where('finished_at', 'is', null).where('state', '=', 'waiting').execute()
      return rows.map((row) => row.session_key)
    })
  }
}

/** Messages that came in, from their acceptance until they are answered: each is here once, however often it is delivered. */
export class InboundStore extends InboundReader {
  readonly #database: Database<GatewayTables>
  readonly #clock: Clock

  constructor(database: Database<GatewayTables>, clock: Clock) {
    super(database)
    this.#database = database
    this.#clock = clock
  }

  /** Writes a message, unless it is here already; when this resolves it survives a crash, and the platform may be told. */
  accept(message: NewInbound): Promise<InboundAccepted> {
    const now = this.#clock.now()
    const { state = 'waiting' } = message
    const place = { ...addressColumns(message.address), message_id: message.messageId }
    const row = {
      ...place,
      id: message.id,
      session_key: message.sessionKey,
      sender_id: message.sender.id,
      sender_name: message.sender.name ?? null,
      body: JSON.stringify(message.body),
      mode: message.mode,
      state,
      reason: message.reason ?? null,
      received_at: now,
      finished_at: state === 'done' ? now : null,
    }
    return this.#database.write(async (tx) => {
      const accepted = await acceptQuery.first(tx, row)
      if (accepted) return { status: 'accepted', id: message.id, position: accepted.position }
      return { status: 'duplicate', ...(await firstQuery.first(tx, place))! }
    })
  }

  /**
   * Takes the oldest that wait for a session key, in order; nothing while one of the key is taken, by whomever: a session
   * has one turn at a time.
   */
  async take(sessionKey: string, runner: string, max: number): Promise<readonly Inbound[]> {
    // A write that takes nothing would wake all who follow the changes, and with them who asked.
    if (!(await this.source.read((db) => mayTakeQuery.first(db, { session_key: sessionKey })))) return []
    const { rows } = await this.#database.write((tx) => takeQuery.run(tx, { session_key: sessionKey, runner, max }))
    // What an update returns has no order.
    return rows.map(inboundOf).toSorted((a, b) => a.position - b.position)
  }

  /** Finishes messages that are not finished yet; the others stay as they are. */
  async finish(ids: readonly string[], end: { readonly state: 'done' | 'discarded'; readonly turnId?: string; readonly reason?: string }): Promise<void> {
    if (ids.length === 0) return
    const now = this.#clock.now()
    await this.#database.write((tx) => finishInbound(tx, ids, { state: end.state, turnId: end.turnId ?? null, reason: end.reason ?? null, now }))
  }

  /** Gives back what a process took that is no more, and returns it, oldest first. Of two that do this at once one gets it all. */
  async adopt(deadRunner: string, runner: string): Promise<readonly Inbound[]> {
    const { rows } = await this.#database.write((tx) => adoptQuery.run(tx, { dead: deadRunner, runner }))
    return rows.map(inboundOf).toSorted((a, b) => a.position - b.position)
  }

  /** Changes a message that waits; false when it does not wait any more. */
  rewrite(id: string, body: object): Promise<boolean> {
    return this.#database.write(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('inbound')
        .set({ body: JSON.stringify(body) })
        .where('id', '=', id)
        .where('state', '=', 'waiting')
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }

  /** Takes a message out of the queue; false when it does not wait any more. */
  discard(id: string): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('inbound')
        .set({ state: 'discarded', finished_at: now })
        .where('id', '=', id)
        .where('state', '=', 'waiting')
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }
}

/** Whether nobody has taken anything of a session. */
function isIdle(sessionKey: string) {
  return sql<boolean>`not exists (select 1 from inbound as busy where busy.session_key = ${sessionKey} and busy.state = 'taken' and busy.finished_at is null)`
}

type NewRow = Omit<Selectable<InboundTable>, 'position' | 'runner' | 'turn_id'>

const acceptQuery = new PreparedQuery<GatewayTables, NewRow, { position: number }>((tx, row) =>
  tx
    .insertInto('inbound')
    .values({
      id: row.id,
      platform: row.platform,
      account: row.account,
      chat_id: row.chat_id,
      thread_id: row.thread_id,
      message_id: row.message_id,
      session_key: row.session_key,
      sender_id: row.sender_id,
      sender_name: row.sender_name,
      body: row.body,
      mode: row.mode,
      state: row.state,
      reason: row.reason,
      received_at: row.received_at,
      finished_at: row.finished_at,
    })
    .onConflict((conflict) => conflict.columns(['platform', 'account', 'chat_id', 'message_id']).doNothing())
    .returning('position'),
)

/** A thread is no part of it: a platform numbers the messages of a chat, and an edit may move one. */
const firstQuery = new PreparedQuery<GatewayTables, AddressColumns & { message_id: string }, { id: string; position: number }>((db, place) =>
  db
    .selectFrom('inbound')
    .select(['id', 'position'])
    .where('platform', '=', place.platform)
    .where('account', '=', place.account)
    .where('chat_id', '=', place.chat_id)
    .where('message_id', '=', place.message_id),
)

const waitingQuery = new PreparedQuery<GatewayTables, { session_key: string }, Selectable<InboundTable>>((db, { session_key }) =>
  db
    .selectFrom('inbound')
    .selectAll()
    .where('session_key', '=', session_key)
    .where('state', '=', 'waiting')
    .where('finished_at', 'is', null)
    .orderBy('position'),
)

const countQuery = new PreparedQuery<GatewayTables, { session_key: string }, { count: number }>((db, { session_key }) =>
  db
    .selectFrom('inbound')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('session_key', '=', session_key)
    .where('state', '=', 'waiting')
    .where('finished_at', 'is', null),
)

const mayTakeQuery = new PreparedQuery<GatewayTables, { session_key: string }, { position: number }>((db, { session_key }) =>
  db
    .selectFrom('inbound')
    .select('position')
    .where('session_key', '=', session_key)
    .where('state', '=', 'waiting')
    .where('finished_at', 'is', null)
    .where(isIdle(session_key))
    .limit(sql.lit(1)),
)

const takeQuery = new PreparedQuery<GatewayTables, { session_key: string; runner: string; max: number }, Selectable<InboundTable>>(
  (tx, { session_key, runner, max }) =>
    tx
      .updateTable('inbound')
      .set({ state: 'taken', runner })
      .where('position', 'in', ({ selectFrom }) =>
        selectFrom('inbound as next')
          .select('next.position')
          .where('next.session_key', '=', session_key)
          .where('next.state', '=', 'waiting')
          .where('next.finished_at', 'is', null)
          .where(isIdle(session_key))
          .orderBy('next.position')
          .limit(max),
      )
      .returningAll(),
)

/** A literal: of a parameter SQLite learns only when it is bound that the partial index will do, and then prepares anew. */
const isTaken = sql<boolean>`state = 'taken'`

const adoptQuery = new PreparedQuery<GatewayTables, { dead: string; runner: string }, Selectable<InboundTable>>((tx, { dead, runner }) =>
  tx.updateTable('inbound').set({ state: 'waiting', runner }).where('runner', '=', dead).where(isTaken).returningAll(),
)
