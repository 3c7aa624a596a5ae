import type { Clock } from '@talaria/core'
import { sql } from 'kysely'
import type { Database, Source } from '../database.ts'
import type { Snapshot } from '../scope.ts'
import type { StoredItem, StoredResponse, Viewer } from './records.ts'
import { itemsOf, responseOf } from './response-rows.ts'
import type { GatewayTables } from './tables.ts'
import { ownedBy } from './viewer.ts'

const COLUMNS = [
  'id',
  'owner',
  'turn_id',
  'session_id',
  'previous_response_id',
  'conversation_id',
  'status',
  'created_at',
  'completed_at',
  'expires_at',
  'envelope',
] as const

/** A response with what was asked and answered in it, and nothing of what came before. */
export interface ResponseWithItems extends StoredResponse {
  readonly input: readonly StoredItem[]
  readonly output: readonly StoredItem[]
}

/** Answers of `/v1/responses`. One that was deleted or has expired is not there, though descendants may still need its rows. */
export class ResponseReader {
  protected readonly source: Source<GatewayTables>
  protected readonly clock: Clock

  constructor(source: Source<GatewayTables>, clock: Clock) {
    this.source = source
    this.clock = clock
  }

  get(id: string, viewer: Viewer): Promise<ResponseWithItems | undefined> {
    return this.source.read(async (db) => {
      const row = await this.#present(db, viewer).select(['input', 'output']).where('id', '=', id).executeTakeFirst()
      return row && { ...responseOf(row), input: itemsOf(row.input), output: itemsOf(row.output) }
    })
  }

  /** The response that a turn answers. */
  ofTurn(turnId: string): Promise<ResponseWithItems | undefined> {
    return this.source.read(async (db) => {
      const row = await db.selectFrom('response').select(COLUMNS).select(['input', 'output']).where('turn_id', '=', turnId).executeTakeFirst()
      return row && { ...responseOf(row), input: itemsOf(row.input), output: itemsOf(row.output) }
    })
  }

  /**
   * Everything said up to and including a response: input and output of each of its ancestors, oldest first, its own
   * last. Follows the parent pointers, also through responses that were deleted.
   */
  context(id: string): Promise<readonly StoredItem[]> {
    return this.source.read(async (db) => {
      const rows = await db
        .withRecursive('ancestor(id, previous_response_id, input, output, distance)', (recursive) =>
          recursive
            .selectFrom('response')
            .select(['id', 'previous_response_id', 'input', 'output', sql<number>`0`.as('distance')])
            .where('id', '=', id)
            .unionAll(
              recursive
                .selectFrom('ancestor')
                .innerJoin('response', 'response.id', 'ancestor.previous_response_id')
                .select([
                  'response.id',
                  'response.previous_response_id',
                  'response.input',
                  'response.output',
                  sql<number>`ancestor.distance + 1`.as('distance'),
                ]),
            ),
        )
        .selectFrom('ancestor')
        .select(['input', 'output'])
        .orderBy('distance', 'desc')
        .execute()
      return rows.flatMap((row) => [...itemsOf(row.input), ...itemsOf(row.output)])
    })
  }

  #present(db: Snapshot<GatewayTables>, viewer: Viewer) {
    const now = this.clock.now()
    return db
      .selectFrom('response')
      .select(COLUMNS)
      .where('deleted_at', 'is', null)
      .where(({ or, eb }) => or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
      .$call(ownedBy(viewer))
  }
}

/** Answers of `/v1/responses`; they are written with their turns, see `TurnStore`. */
export class ResponseStore extends ResponseReader {
  readonly #database: Database<GatewayTables>

  constructor(database: Database<GatewayTables>, clock: Clock) {
    super(database, clock)
    this.#database = database
  }

  /** Gone for every reader at once; its rows stay while a descendant needs them. False when there was none. */
  delete(id: string, viewer: Viewer): Promise<boolean> {
    const now = this.clock.now()
    return this.#database.write(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('response')
        .set({ deleted_at: now })
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .where(({ or, eb }) => or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
        .$call(ownedBy(viewer))
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }
}
