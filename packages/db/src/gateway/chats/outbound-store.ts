import type { Clock } from '@talaria/core'
import { sql } from 'kysely'
import type { Database, Source } from '../../database.ts'
import type { GatewayTables } from '../tables.ts'
import { finishInbound } from './inbound-rows.ts'
import type { ChatAddress } from '../records.ts'
import type { NewOutbound, Outbound, OutboundCount, OutboundState } from './chat-records.ts'
import { healChat } from './chat-rows.ts'
import { addressColumns } from './address.ts'
import {
  adoptQuery,
  againQuery,
  claimQuery,
  deadQuery,
  nextDueQuery,
  replayQuery,
  sentQuery,
  unsentQuery,
  type Again,
  type GivenUp,
} from './outbound-queries.ts'
import { advanceQueue } from './outbound-queue.ts'
import { insertOutbound, outboundOf } from './outbound-rows.ts'
import { splitOutbound } from './split-outbound.ts'

export interface OutboundQuery {
  readonly limit: number
  readonly state: OutboundState
  readonly platform?: string
  /** The last id of the page before. */
  readonly after?: string
}

/** Why a chunk was not sent, or not surely. */
export interface OutboundFailure {
  readonly code: string
  readonly error: string
}

/** The outbox: what is to be sent, and what became of it. */
export class OutboundReader {
  protected readonly source: Source<GatewayTables>

  constructor(source: Source<GatewayTables>) {
    this.source = source
  }

  get(id: string): Promise<Outbound | undefined> {
    return this.source.read(async (db) => {
      const row = await db.selectFrom('outbound').selectAll().where('id', '=', id).executeTakeFirst()
      return row && outboundOf(row)
    })
  }

  /** Newest first. */
  list({ state, platform, after, limit }: OutboundQuery): Promise<readonly Outbound[]> {
    return this.source.read(async (db) => {
      const rows = await db
        .selectFrom('outbound')
        .selectAll()
        .where('state', '=', state)
        .$if(state !== 'sent', (select) => select.where(isUnsent))
        .$if(platform !== undefined, (select) => select.where('platform', '=', platform!))
        .$if(after !== undefined, (select) =>
          select.where('position', '<', ({ selectFrom }) => selectFrom('outbound as last').select('last.position').where('last.id', '=', after!)),
        )
        .orderBy('position', 'desc')
        .limit(limit)
        .execute()
      return rows.map(outboundOf)
    })
  }

  /** When the next row of a platform is due, in the past where one is due now; `undefined` when none is to be sent. */
  nextDueAt(platform: string): Promise<number | undefined> {
    return this.source.read(async (db) => (await nextDueQuery.first(db, { platform }))?.due_at ?? undefined)
  }

  /** Whether something is still to be sent to a place, or is being sent: what is shown there now would stand before it. */
  hasUnsent(address: ChatAddress): Promise<boolean> {
    return this.source.read(async (db) => (await unsentQuery.first(db, addressColumns(address))) !== undefined)
  }

  /** How many rows each platform has in each state but `sent`; what has none is left out. */
  counts(): Promise<readonly OutboundCount[]> {
    return this.source.read(async (db) => {
      const rows = await db
        .selectFrom('outbound')
        .select(({ fn }) => ['platform', 'state', fn.countAll<number>().as('count')])
        .where(isUnsent)
        .groupBy(['state', 'platform'])
        .execute()
      return rows.map((row) => ({ ...row, state: row.state as OutboundCount['state'] }))
    })
  }
}

/**
 * The outbox: one row a chunk, from the moment it is decided until the platform has it. A chat is sent its own one by one,
 * in order. What a process says of a row that it does not have any more changes nothing and is answered with false.
 */
export class OutboundStore extends OutboundReader {
  readonly #database: Database<GatewayTables>
  readonly #clock: Clock

  constructor(database: Database<GatewayTables>, clock: Clock) {
    super(database)
    this.#database = database
    this.#clock = clock
  }

  /**
   * Writes chunks, in their order, and with them that they answer the messages with these ids. Those of a turn come with
   * its settlement instead, see `TurnStore.settle`.
   */
  add(chunks: readonly NewOutbound[], { answers = [] }: { readonly answers?: readonly string[] } = {}): Promise<readonly Outbound[]> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      await finishInbound(tx, answers, { state: 'done', turnId: null, reason: null, now })
      return insertOutbound(tx, chunks, now)
    })
  }

  /** Writes chunks unless the first of them is here already: who is not sure to have said something says it again. False when it is. */
  addOnce(chunks: readonly NewOutbound[]): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const known = await tx.selectFrom('outbound').select('position').where('id', '=', chunks[0]!.id).executeTakeFirst()
      if (!known) await insertOutbound(tx, chunks, now)
      return known === undefined
    })
  }

  /** Takes what is due on a platform, at most one row a chat, oldest first; each is this runner's to send now. */
  async claimDue(platform: string, runner: string, limit: number): Promise<readonly Outbound[]> {
    const now = this.#clock.now()
    // A write that claims nothing would wake all who follow the changes, and with them who asked.
    if (!((await this.nextDueAt(platform))! <= now)) return []
    const { rows } = await this.#database.write((tx) => claimQuery.run(tx, { platform, runner, limit, now }))
    return rows.map(outboundOf).toSorted((a, b) => a.position - b.position)
  }

  /** The platform has it, under this id: the next one of its chat is due, and a chat that was parked has healed. */
  sent(id: string, runner: string, { messageId }: { readonly messageId: string }): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const row = await sentQuery.first(tx, { id, runner, message_id: messageId, now })
      if (!row) return false
      await advanceQueue(tx, row, now)
      // Nobody else can know: a chat that somebody replayed a dead letter to, and that took it.
      await healChat(tx, row, now)
      return true
    })
  }

  /**
   * Cuts a chunk that is being sent into these texts: it becomes the first of them, and the others wait right behind it,
   * before everything else that its chat waits for.
   */
  split(id: string, runner: string, texts: readonly string[]): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write((tx) => splitOutbound(tx, { id, runner, texts, now }))
  }

  /** It was surely not sent: it is tried again at `at`, or when its chat heals. */
  retry(id: string, runner: string, { at, code, error }: OutboundFailure & { readonly at: number }): Promise<boolean> {
    return this.#again({ id, runner, code, error, at, uncertain: 0 })
  }

  /** It may have arrived: marked as such, and tried again at `at`, or given up without. */
  uncertain(id: string, runner: string, { at, code, error }: OutboundFailure & { readonly at?: number }): Promise<boolean> {
    if (at === undefined) return this.#giveUp({ id, runner, code, error, uncertain: 1 })
    return this.#again({ id, runner, code, error, at, uncertain: 1 })
  }

  /** It cannot be sent, ever: it goes to the dead letters, and the next one of its chat is due. */
  dead(id: string, runner: string, { code, error }: OutboundFailure): Promise<boolean> {
    return this.#giveUp({ id, runner, code, error, uncertain: 0 })
  }

  /** What a process was sending that is no more is to be sent again, and may have arrived. Returns how many. */
  adopt(deadRunner: string, runner: string): Promise<number> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => Number((await adoptQuery.run(tx, { dead: deadRunner, runner, now })).numAffectedRows))
  }

  /** Sends a dead letter again, behind what its chat waits for now. False when it is none. */
  replay(id: string): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const row = await replayQuery.first(tx, { id, now })
      if (row) await advanceQueue(tx, row, now)
      return row !== undefined
    })
  }

  async #again(values: Again): Promise<boolean> {
    return (await this.#database.write((tx) => againQuery.first(tx, values))) !== undefined
  }

  #giveUp(values: Omit<GivenUp, 'now'>): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const row = await deadQuery.first(tx, { ...values, now })
      if (row) await advanceQueue(tx, row, now)
      return row !== undefined
    })
  }
}

const isUnsent = sql<boolean>`state <> 'sent'`
