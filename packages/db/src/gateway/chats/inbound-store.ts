import type { Clock } from '@talaria/core'
import type { Database, Source } from '../../database.ts'
import type { GatewayTables } from '../tables.ts'
import { addressColumns } from './address.ts'
import type { Inbound, NewInbound } from './chat-records.ts'
import { acceptQuery, adoptQuery, countQuery, firstQuery, mayTakeQuery, takeQuery, waitingQuery } from './inbound-queries.ts'
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
