import { sql, type Selectable } from 'kysely'
import type { Source } from '../database.ts'
import { PreparedQuery } from '../prepared-query.ts'
import { messageOf } from './message-rows.ts'
import { searchMessages, type SearchHit, type SearchQuery } from './message-search.ts'
import type { Message, Session, Viewer } from './records.ts'
import { sessionOf } from './session-rows.ts'
import type { GatewayTables, SessionTable } from './tables.ts'
import { isOwnedBy, ownedBy, viewerValues, type ViewerValues } from './viewer.ts'

/** Where a page of sessions ends; the next one begins after it. */
export interface SessionCursor {
  readonly pinned: boolean
  readonly updatedAt: number
  readonly id: string
}

export interface SessionQuery {
  readonly limit: number
  readonly after?: SessionCursor
  readonly archived?: boolean
  readonly hidden?: boolean
  readonly source?: string
  readonly parentSessionId?: string
}

export interface MessageQuery {
  readonly limit: number
  /** `oldest`: from the beginning on; `latest`: the end. Either way a page is in the order of the conversation. */
  readonly order: 'oldest' | 'latest'
  /** Only messages after this position. */
  readonly after?: number
  /** Only messages before this position. */
  readonly before?: number
}

/** Conversations, and what was said in them. */
export class SessionReader {
  protected readonly source: Source<GatewayTables>

  constructor(source: Source<GatewayTables>) {
    this.source = source
  }

  get(id: string, viewer: Viewer): Promise<Session | undefined> {
    return this.source.read(async (db) => {
      const row = await presentQuery.first(db, { id, ...viewerValues(viewer) })
      return row && sessionOf(row)
    })
  }

  /** Whether this id is taken, by whomever and deleted or not. */
  exists(id: string): Promise<boolean> {
    return this.source.read(async (db) => (await db.selectFrom('session').select('id').where('id', '=', id).executeTakeFirst()) !== undefined)
  }

  /** Pinned ones first, then by when something last happened in them, newest first. */
  list(viewer: Viewer, query: SessionQuery): Promise<readonly Session[]> {
    const { after, source, parentSessionId } = query
    return this.source.read(async (db) => {
      const rows = await db
        .selectFrom('session')
        .selectAll()
        .where('deleted_at', 'is', null)
        .where('archived', '=', query.archived ? 1 : 0)
        .where('hidden', '=', query.hidden ? 1 : 0)
        .$call(ownedBy(viewer))
        .$if(source !== undefined, (select) => select.where('source', '=', source!))
        .$if(parentSessionId !== undefined, (select) => select.where('parent_session_id', '=', parentSessionId!))
        .$if(after !== undefined, (select) =>
          select.where(sql<boolean>`(pinned, updated_at, id) < (${after!.pinned ? 1 : 0}, ${after!.updatedAt}, ${after!.id})`),
        )
        .orderBy('pinned', 'desc')
        .orderBy('updated_at', 'desc')
        .orderBy('id', 'desc')
        .limit(query.limit)
        .execute()
      return rows.map(sessionOf)
    })
  }

  /** The session whose conversation, as its client sees it, is exactly this; the newest of several. */
  findByTranscript(owner: string, transcriptHash: string): Promise<Session | undefined> {
    return this.source.read(async (db) => {
      const row = await transcriptQuery.first(db, { owner, transcriptHash })
      return row && sessionOf(row)
    })
  }

  /** A page of a session's messages in the order they were said. */
  messages(sessionId: string, query: MessageQuery): Promise<readonly Message[]> {
    const { after, before } = query
    return this.source.read(async (db) => {
      const rows = await db
        .selectFrom('message')
        .selectAll()
        .where('session_id', '=', sessionId)
        .$if(after !== undefined, (select) => select.where('position', '>', after!))
        .$if(before !== undefined, (select) => select.where('position', '<', before!))
        .orderBy('position', query.order === 'latest' ? 'desc' : 'asc')
        .limit(query.limit)
        .execute()
      const messages = rows.map(messageOf)
      return query.order === 'latest' ? messages.toReversed() : messages
    })
  }

  /** See {@link searchMessages}. */
  search(viewer: Viewer, query: SearchQuery): Promise<readonly SearchHit[]> {
    return this.source.read((db) => searchMessages(db, viewer, query))
  }
}

type SessionRow = Selectable<SessionTable>

/** By its id, unless it was deleted or is somebody else's. */
const presentQuery = new PreparedQuery<GatewayTables, { id: string } & ViewerValues, SessionRow>((db, values) =>
  db.selectFrom('session').selectAll().where('id', '=', values.id).where('deleted_at', 'is', null).where(isOwnedBy(values)),
)

const transcriptQuery = new PreparedQuery<GatewayTables, { owner: string; transcriptHash: string }, SessionRow>((db, { owner, transcriptHash }) =>
  db
    .selectFrom('session')
    .selectAll()
    .where('owner', '=', owner)
    .where('transcript_hash', '=', transcriptHash)
    .where('deleted_at', 'is', null)
    .orderBy('updated_at', 'desc')
    .limit(1),
)
