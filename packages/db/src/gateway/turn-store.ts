import type { Clock } from '@talaria/core'
import type { Selectable } from 'kysely'
import type { Database, Source } from '../database.ts'
import { DatabaseError } from '../errors.ts'
import { encodeJson } from '../json-column.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import type { NewOutbound } from './chats/chat-records.ts'
import { assignInbound, finishInbound } from './chats/inbound-rows.ts'
import { insertOutbound } from './chats/outbound-rows.ts'
import { setConversationSession } from './conversation-rows.ts'
import { insertMessages, totalsOf } from './message-rows.ts'
import type { NewMessage, NewResponse, NewSession, NewTurn, StoredItem, TokenUsage, Turn, TurnEvent, TurnFailure, TurnStatus, Viewer } from './records.ts'
import { insertResponse, settleResponse } from './response-rows.ts'
import { insertSession, touchSession } from './session-rows.ts'
import type { GatewayTables, TurnTable } from './tables.ts'
import { endQuery, eventOf, insertEvents, insertTurn, openTurns, turnOf } from './turn-rows.ts'
import { isOwnedBy, ownedBy, viewerValues, type ViewerValues } from './viewer.ts'

export interface TurnQuery {
  readonly limit: number
  readonly status?: readonly TurnStatus[]
  readonly sessionId?: string
  /** The last id of the page before. */
  readonly after?: string
}

/** What is written when a turn is accepted: all of it or nothing. */
export interface Acceptance {
  readonly turn: NewTurn
  /** Now, unless given. */
  readonly acceptedAt?: number
  /** Begins this session (or continues it, when it is there by now), or continues one. */
  readonly session: { readonly create: NewSession } | { readonly id: string }
  readonly messages: readonly NewMessage[]
  readonly response?: NewResponse
  readonly idempotency?: { readonly scope: string; readonly key: string; readonly claim: string }
  /** Ids of the inbound messages that it answers; its runner has taken them. */
  readonly inbound?: readonly string[]
}

/** What is written when a turn ends: all of it or nothing. */
export interface Settlement {
  readonly status: TurnStatus
  readonly output: string
  readonly finishReason: string
  readonly usage: TokenUsage | null
  readonly error: TurnFailure | null
  readonly messages: readonly NewMessage[]
  /** Those not on disk yet, the terminal one last. */
  readonly events: readonly TurnEvent[]
  readonly transcriptHash?: string
  readonly response?: {
    readonly status: 'completed' | 'incomplete' | 'failed' | 'cancelled'
    readonly envelope: Readonly<Record<string, unknown>>
    readonly output: readonly StoredItem[]
  }
  /** What goes to a chat. */
  readonly outbound?: readonly NewOutbound[]
  /** Ids of the inbound messages that it has answered; they are done. */
  readonly inbound?: readonly string[]
}

/** Turns, and what happened in them. */
export class TurnReader {
  protected readonly source: Source<GatewayTables>

  constructor(source: Source<GatewayTables>) {
    this.source = source
  }

  get(id: string, viewer: Viewer): Promise<Turn | undefined> {
    return this.source.read(async (db) => {
      const row = await findQuery.first(db, { id, ...viewerValues(viewer) })
      return row && turnOf(row)
    })
  }

  /** Newest first. */
  list(viewer: Viewer, query: TurnQuery): Promise<readonly Turn[]> {
    const { status, sessionId, after } = query
    return this.source.read(async (db) => {
      const rows = await db
        .selectFrom('turn')
        .selectAll()
        .$call(ownedBy(viewer))
        .$if(sessionId !== undefined, (select) => select.where('session_id', '=', sessionId!))
        .$if(status !== undefined, (select) => select.where('status', 'in', status!))
        .$if(after !== undefined, (select) => select.where('id', '<', after!))
        .orderBy('id', 'desc')
        .limit(query.limit)
        .execute()
      return rows.map(turnOf)
    })
  }

  /** A page of what happened in a turn, in order, after a sequence number. */
  events(turnId: string, query: { readonly after: number; readonly limit: number }): Promise<readonly TurnEvent[]> {
    return this.source.read(async (db) => {
      const rows = await db
        .selectFrom('turn_event')
        .selectAll()
        .where('turn_id', '=', turnId)
        .where('seq', '>', query.after)
        .orderBy('seq')
        .limit(query.limit)
        .execute()
      return rows.map(eventOf)
    })
  }

  /** Turns that have not ended, oldest first: those of this runner. */
  underWay(runner: string): Promise<readonly Turn[]> {
    return this.source.read(async (db) => {
      const rows = await db.selectFrom('turn').selectAll().where('runner', '=', runner).where('finished_at', 'is', null).orderBy('id').execute()
      return rows.map(turnOf)
    })
  }

  /** Yields at once and after every commit, until `signal` aborts: for who follows a turn that runs in another process. */
  changes(signal: AbortSignal): AsyncGenerator<void> {
    return this.source.changes(signal)
  }
}

/** Turns from their acceptance to their end. Every write after the first names the runner, so that a late one matches nothing. */
export class TurnStore extends TurnReader {
  readonly #database: Database<GatewayTables>
  readonly #clock: Clock

  constructor(database: Database<GatewayTables>, clock: Clock) {
    super(database)
    this.#database = database
    this.#clock = clock
  }

  /**
   * Writes a turn with all that came with it; when this resolves it survives a crash.
   *
   * @returns `undefined` when the session is not there (any more) or is somebody else's.
   * @throws DatabaseError `CLAIM_LOST` when another process took the idempotency key or the inbound messages over.
   */
  accept(acceptance: Acceptance): Promise<Turn | undefined> {
    const { turn, messages, response, idempotency, inbound = [], acceptedAt: now = this.#clock.now() } = acceptance
    return this.#database.write(async (tx) => {
      const session = await this.#sessionFor(tx, acceptance, now)
      if (!session) return undefined
      await insertMessages(tx, session.id, messages, { turnId: turn.id, createdAt: now })
      const accepted = await insertTurn(tx, turn, session.id, now)
      if (response) {
        await insertResponse(tx, response, { turnId: turn.id, sessionId: session.id, owner: turn.owner, createdAt: now })
        if (response.conversationId !== undefined) await setConversationSession(tx, response.conversationId, session.id)
      }
      if (idempotency) await this.#claim(tx, idempotency, turn.id)
      await assignInbound(tx, inbound, turn)
      return accepted
    })
  }

  /** Moves a turn between the states before its end; false when it is in none of `from`, or is not its runner's any more. */
  setStatus({ id, runner }: Pick<Turn, 'id' | 'runner'>, status: TurnStatus, from: readonly TurnStatus[]): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('turn')
        .set({ status, updated_at: now })
        .where('id', '=', id)
        .where('runner', '=', runner)
        .where('finished_at', 'is', null)
        .where('status', 'in', from)
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }

  /**
   * Writes events of any number of turns at once. What comes late is left out and holds up nobody: events of a turn that
   * has ended, is gone, or is not this runner's any more.
   */
  appendEvents(events: readonly TurnEvent[], runner: string): Promise<void> {
    return this.#database.write(async (tx) => {
      const open = await openTurns(tx, events, runner)
      await insertEvents(
        tx,
        events.filter((event) => open.has(event.turnId)),
      )
    })
  }

  /** Ends a turn, once: false when it has ended already, or another runner has taken it over. */
  settle(id: string, runner: string, settlement: Settlement): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const turn = await endQuery.first(tx, {
        id,
        runner,
        status: settlement.status,
        output: settlement.output,
        finish_reason: settlement.finishReason,
        usage: encodeJson(settlement.usage),
        error: encodeJson(settlement.error),
        last_seq: settlement.events.at(-1)?.seq ?? 0,
        updated_at: now,
        finished_at: now,
      })
      if (!turn) return false
      await insertEvents(tx, settlement.events)
      await insertMessages(tx, turn.session_id, settlement.messages, { turnId: id, createdAt: now })
      const { transcriptHash, outbound = [], inbound = [] } = settlement
      await touchSession(
        tx,
        turn.session_id,
        { ...totalsOf(settlement.messages), usage: settlement.usage, ...(transcriptHash !== undefined && { transcriptHash }) },
        now,
      )
      if (settlement.response) await settleResponse(tx, id, settlement.response, now)
      await insertOutbound(tx, outbound, now)
      await finishInbound(tx, inbound, { state: 'done', turnId: id, reason: null, now })
      return true
    })
  }

  /** Takes over the turns of a runner that is no more, so that only the caller may settle them. Returns how many. */
  adopt(deadRunner: string, runner: string): Promise<number> {
    return this.#database.write(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('turn')
        .set({ runner })
        .where('runner', '=', deadRunner)
        .where('finished_at', 'is', null)
        .executeTakeFirstOrThrow()
      return Number(numUpdatedRows)
    })
  }

  /** The session a turn goes to, made if need be, with the messages counted that come with it. */
  async #sessionFor(tx: Transaction<GatewayTables>, { turn, session, messages }: Acceptance, now: number): Promise<{ id: string; owner: string } | undefined> {
    const totals = totalsOf(messages)
    if ('create' in session && (await insertSession(tx, session.create, now, totals))) return session.create
    const id = 'create' in session ? session.create.id : session.id
    const row = await tx.selectFrom('session').select(['id', 'owner']).where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst()
    if (!row || ('create' in session && row.owner !== turn.owner)) return undefined
    await touchSession(tx, id, totals, now)
    return row
  }

  async #claim(tx: Transaction<GatewayTables>, { scope, key, claim }: NonNullable<Acceptance['idempotency']>, turnId: string): Promise<void> {
    const { numUpdatedRows } = await tx
      .updateTable('idempotency_key')
      .set({ turn_id: turnId })
      .where('scope', '=', scope)
      .where('key', '=', key)
      .where('claim', '=', claim)
      .executeTakeFirstOrThrow()
    if (numUpdatedRows === 0n) throw new DatabaseError('CLAIM_LOST', 'Another request took this idempotency key over.')
  }
}

const findQuery = new PreparedQuery<GatewayTables, { id: string } & ViewerValues, Selectable<TurnTable>>((db, values) =>
  db.selectFrom('turn').selectAll().where('id', '=', values.id).where(isOwnedBy(values)),
)
