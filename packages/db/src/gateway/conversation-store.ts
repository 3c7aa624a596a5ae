import type { Clock } from '@talaria/core'
import type { Selectable } from 'kysely'
import { z } from 'zod'
import type { Database, Source } from '../database.ts'
import { decodeJson } from '../json-column.ts'
import type { Snapshot } from '../scope.ts'
import { appendConversationItems } from './conversation-rows.ts'
import { keepAnswer, type KeptAnswer } from './kept-answer.ts'
import type { Conversation, StoredItem, Viewer } from './records.ts'
import type { ConversationTable, GatewayTables } from './tables.ts'
import { ownedBy } from './viewer.ts'

const MetadataColumn = z.record(z.string(), z.string())
const ItemColumn = z.looseObject({ id: z.string(), type: z.string() })

export interface NewConversation {
  readonly id: string
  readonly owner: string
  readonly name?: string
  readonly metadata: Readonly<Record<string, string>>
}

export interface ItemQuery {
  readonly limit: number
  readonly order: 'asc' | 'desc'
  /** The id of the last item of the page before. */
  readonly after?: string
}

/** Conversations of `/v1/conversations` and their items. */
export class ConversationReader {
  protected readonly source: Source<GatewayTables>

  constructor(source: Source<GatewayTables>) {
    this.source = source
  }

  get(id: string, viewer: Viewer): Promise<Conversation | undefined> {
    return this.source.read((db) => find(db, 'id', id, viewer))
  }

  /** The conversation an owner calls by this name. */
  named(name: string, owner: string): Promise<Conversation | undefined> {
    return this.source.read((db) => find(db, 'name', name, { owner }))
  }

  /** A page of items; `undefined` when `after` names none of this conversation's. */
  items(conversationId: string, query: ItemQuery): Promise<readonly StoredItem[] | undefined> {
    const { after, order, limit } = query
    return this.source.read(async (db) => {
      const from =
        after === undefined
          ? undefined
          : await db.selectFrom('conversation_item').select('position').where('conversation_id', '=', conversationId).where('id', '=', after).executeTakeFirst()
      if (after !== undefined && !from) return undefined
      const rows = await db
        .selectFrom('conversation_item')
        .select('item')
        .where('conversation_id', '=', conversationId)
        .$if(from !== undefined, (select) => select.where('position', order === 'asc' ? '>' : '<', from!.position))
        .orderBy('position', order)
        .limit(limit)
        .execute()
      return rows.map((row) => decodeJson(row.item, ItemColumn, 'conversation_item.item'))
    })
  }

  item(conversationId: string, id: string): Promise<StoredItem | undefined> {
    return this.source.read(async (db) => {
      const row = await db.selectFrom('conversation_item').select('item').where('conversation_id', '=', conversationId).where('id', '=', id).executeTakeFirst()
      return row && decodeJson(row.item, ItemColumn, 'conversation_item.item')
    })
  }
}

/** Conversations of `/v1/conversations`, and everything one may do to them. */
export class ConversationStore extends ConversationReader {
  readonly #database: Database<GatewayTables>
  readonly #clock: Clock

  constructor(database: Database<GatewayTables>, clock: Clock) {
    super(database)
    this.#database = database
    this.#clock = clock
  }

  /** Makes one with these items; where the owner has one of this name already, that one, as it is. */
  create(conversation: NewConversation, items: readonly StoredItem[] = [], kept?: KeptAnswer<Conversation>): Promise<Conversation> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const known = conversation.name === undefined ? undefined : await find(tx, 'name', conversation.name, { owner: conversation.owner })
      if (known) {
        await keepAnswer(tx, kept, known)
        return known
      }
      const row = {
        id: conversation.id,
        owner: conversation.owner,
        name: conversation.name ?? null,
        session_id: null,
        created_at: now,
        metadata: JSON.stringify(conversation.metadata),
        deleted_at: null,
      }
      await tx.insertInto('conversation').values(row).execute()
      await appendConversationItems(tx, conversation.id, items)
      const created = conversationOf(row)
      await keepAnswer(tx, kept, created)
      return created
    })
  }

  /** Replaces the metadata; `undefined` when there is no such conversation to this viewer. */
  update(id: string, viewer: Viewer, metadata: Readonly<Record<string, string>>): Promise<Conversation | undefined> {
    return this.#database.write(async (tx) => {
      const row = await tx
        .updateTable('conversation')
        .set({ metadata: JSON.stringify(metadata) })
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .$call(ownedBy(viewer))
        .returningAll()
        .executeTakeFirst()
      return row && conversationOf(row)
    })
  }

  /** Gone at once; the items are removed in small steps by the retention loop. False when there was none. */
  delete(id: string, viewer: Viewer): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('conversation')
        .set({ deleted_at: now })
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .$call(ownedBy(viewer))
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }

  addItems(conversationId: string, items: readonly StoredItem[], kept?: KeptAnswer<readonly StoredItem[]>): Promise<void> {
    return this.#database.write(async (tx) => {
      await appendConversationItems(tx, conversationId, items)
      await keepAnswer(tx, kept, items)
    })
  }

  /** False when there was none. */
  deleteItem(conversationId: string, id: string): Promise<boolean> {
    return this.#database.write(async (tx) => {
      const { numDeletedRows } = await tx
        .deleteFrom('conversation_item')
        .where('conversation_id', '=', conversationId)
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
      return numDeletedRows === 1n
    })
  }
}

async function find(db: Snapshot<GatewayTables>, column: 'id' | 'name', value: string, viewer: Viewer): Promise<Conversation | undefined> {
  const row = await db
    .selectFrom('conversation')
    .selectAll()
    .where(column, '=', value)
    .where('deleted_at', 'is', null)
    .$call(ownedBy(viewer))
    .executeTakeFirst()
  return row && conversationOf(row)
}

function conversationOf(row: Selectable<ConversationTable>): Conversation {
  return {
    id: row.id,
    owner: row.owner,
    name: row.name,
    sessionId: row.session_id,
    createdAt: row.created_at,
    metadata: decodeJson(row.metadata, MetadataColumn, 'conversation.metadata'),
  }
}
