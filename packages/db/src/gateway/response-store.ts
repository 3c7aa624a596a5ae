import type { Clock } from '@talaria/core'
import { sql, type Selectable } from 'kysely'
import type { Database, Source } from '../database.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { StoredItem, StoredResponse, Viewer } from './records.ts'
import { itemsOf, responseOf } from './response-rows.ts'
import type { GatewayTables, ResponseTable } from './tables.ts'
import { isOwnedBy, ownedBy, viewerValues, type ViewerValues } from './viewer.ts'

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
  'input',
  'output',
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
    const now = this.clock.now()
    return this.source.read(async (db) => withItems(await presentQuery.first(db, { id, now, ...viewerValues(viewer) })))
  }

  /** The response that a turn answers. */
  ofTurn(turnId: string): Promise<ResponseWithItems | undefined> {
    return this.source.read(async (db) => withItems(await ofTurnQuery.first(db, { turnId })))
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
}

type ResponseRow = Omit<Selectable<ResponseTable>, 'deleted_at'>

function withItems(row: ResponseRow | undefined): ResponseWithItems | undefined {
  return row && { ...responseOf(row), input: itemsOf(row.input), output: itemsOf(row.output) }
}

const ofTurnQuery = new PreparedQuery<GatewayTables, { turnId: string }, ResponseRow>((db, { turnId }) =>
  db.selectFrom('response').select(COLUMNS).where('turn_id', '=', turnId),
)

/** By its id, unless it was deleted, has expired, or is somebody else's. */
const presentQuery = new PreparedQuery<GatewayTables, { id: string; now: number } & ViewerValues, ResponseRow>((db, values) =>
  db
    .selectFrom('response')
    .select(COLUMNS)
    .where('id', '=', values.id)
    .where('deleted_at', 'is', null)
    .where(({ or, eb }) => or([eb('expires_at', 'is', null), eb('expires_at', '>', values.now)]))
    .where(isOwnedBy(values)),
)

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
