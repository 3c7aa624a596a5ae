import { sql } from 'kysely'
import type { Snapshot } from '../scope.ts'
import { searchTermsOf, snippetOf, type Snippet } from '../search-text.ts'
import { messageOf } from './message-rows.ts'
import type { Message, Viewer } from './records.ts'
import { matchExpression, scopeToken } from './search-text.ts'
import type { GatewayTables } from './tables.ts'

/** Ranking looks at no more than the newest this many hits: `order by rank` over 250,000 takes half a second. */
const RANKED_HITS = 5_000

export interface SearchQuery {
  readonly query: string
  readonly limit: number
  readonly order?: 'newest' | 'relevance'
  readonly sessionId?: string
  /** Only hits before this position: the last one of the page before, with order `newest`. */
  readonly before?: number
}

export interface SearchHit {
  readonly message: Message
  readonly sessionTitle: string | null
  readonly snippet: Snippet
}

/**
 * Messages that hold all words of a query, newest first or best first. Words, "phrases", prefix* and -exclusions are
 * understood; a query without a word finds nothing.
 */
export async function searchMessages(db: Snapshot<GatewayTables>, viewer: Viewer, query: SearchQuery): Promise<readonly SearchHit[]> {
  const terms = searchTermsOf(query.query)
  const expression = matchExpression(terms, scopesOf(viewer, query))
  if (expression === undefined) return []
  const positions = await (query.order === 'relevance' ? bestHits(db, expression, query) : newestHits(db, expression, query))
  if (positions.length === 0) return []
  const rows = await db
    .selectFrom('message')
    .innerJoin('session', 'session.id', 'message.session_id')
    .selectAll('message')
    .select('session.title as session_title')
    .where('message.position', 'in', positions)
    .execute()
  const byPosition = new Map(rows.map((row) => [row.position, row]))
  return positions.flatMap((position) => {
    const row = byPosition.get(position)
    return row ? [{ message: messageOf(row), sessionTitle: row.session_title, snippet: snippetOf(row.content, terms) }] : []
  })
}

function scopesOf(viewer: Viewer, { sessionId }: SearchQuery): readonly string[] {
  return [...('all' in viewer ? [] : [scopeToken('owner', viewer.owner)]), ...(sessionId === undefined ? [] : [scopeToken('session', sessionId)])]
}

// The index does not know which sessions are deleted, so every hit is looked up until there are enough; `cross join`
// keeps the index the outer loop, which then stops at the limit.
async function newestHits(db: Snapshot<GatewayTables>, expression: string, { before, limit }: SearchQuery): Promise<number[]> {
  const { rows } = await sql<{ position: number }>`
    select hit.rowid as position from message_fts as hit
    cross join message on message.position = hit.rowid
    cross join session on session.id = message.session_id
    where message_fts match ${expression} and hit.rowid < ${before ?? Number.MAX_SAFE_INTEGER} and session.deleted_at is null
    order by hit.rowid desc limit ${limit}`.execute(db)
  return rows.map((row) => row.position)
}

async function bestHits(db: Snapshot<GatewayTables>, expression: string, { limit }: SearchQuery): Promise<number[]> {
  const { rows } = await sql<{ position: number }>`
    select hit.rowid as position from message_fts as hit
    cross join message on message.position = hit.rowid
    cross join session on session.id = message.session_id
    where message_fts match ${expression} and session.deleted_at is null
    and hit.rowid >= (select min(rowid) from (select rowid from message_fts where message_fts match ${expression} order by rowid desc limit ${RANKED_HITS}))
    order by bm25(message_fts, 1.0, 0.0), hit.rowid desc limit ${limit}`.execute(db)
  return rows.map((row) => row.position)
}
