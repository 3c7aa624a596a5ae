import { codeOf } from '@talaria/core'
import { sql, type InsertResult } from 'kysely'
import type { Database } from '../database.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import { indexedText, scopeToken } from './search-text.ts'
import type { GatewayTables, MessageFtsTable } from './tables.ts'

/** Messages indexed in one write: a few milliseconds. */
const STEP = 400

/**
 * The full-text index over messages, which follows them a moment later.
 *
 * It is not written with them: FTS5 flushes a segment at every savepoint, which made it half the cost of a turn, and a
 * damaged index would refuse every message. How far it has come is written in the same transaction as what it took in.
 */
export class SearchIndex {
  readonly #database: Database<GatewayTables>

  constructor(database: Database<GatewayTables>) {
    this.#database = database
  }

  /** Takes in all messages that are not in the index yet, a step at a time. Returns how many. A damaged index is made anew, once. */
  async catchUp(signal?: AbortSignal): Promise<number> {
    let isAnew = false
    for (let indexed = 0; ;) {
      if (signal?.aborted || !(await this.#isBehind())) return indexed
      try {
        const taken = await this.#database.write(takeIn)
        indexed += taken
        // What was said meanwhile is for the next time: one commit for a few messages each would cost more than the messages.
        if (taken < STEP) return indexed
      } catch (error) {
        if (isAnew || codeOf(error) !== 'INDEX_CORRUPT') throw error
        await this.rebuild()
        isAnew = true
      }
    }
  }

  /** Empties the index; `catchUp` fills it again. */
  async rebuild(): Promise<void> {
    await this.#database.write(async (tx) => {
      const { rows } = await sql<{ sql: string }>`select sql from sqlite_schema where name = 'message_fts'`.execute(tx)
      await sql`drop table message_fts`.execute(tx)
      await sql.raw(rows[0]!.sql).execute(tx)
      await tx.updateTable('search_progress').set({ position: 0 }).execute()
    })
  }

  #isBehind(): Promise<boolean> {
    return this.#database.read(async (db) => {
      const { position } = await db.selectFrom('search_progress').select('position').executeTakeFirstOrThrow()
      return (await db.selectFrom('message').select('position').where('position', '>', position).limit(1).executeTakeFirst()) !== undefined
    })
  }
}

async function takeIn(tx: Transaction<GatewayTables>): Promise<number> {
  const { position } = await tx.selectFrom('search_progress').select('position').executeTakeFirstOrThrow()
  const messages = await tx
    .selectFrom('message')
    .innerJoin('session', 'session.id', 'message.session_id')
    .select(['message.position', 'message.role', 'message.content', 'message.session_id', 'session.owner'])
    .where('message.position', '>', position)
    .orderBy('message.position')
    .limit(STEP)
    .execute()
  for (const message of messages) {
    if (message.content === '') continue
    const scope = `${scopeToken('owner', message.owner)} ${scopeToken('session', message.session_id)}`
    await insertQuery.run(tx, { rowid: message.position, content: indexedText(message.role, message.content), scope })
  }
  const last = messages.at(-1)
  if (last) await tx.updateTable('search_progress').set({ position: last.position }).execute()
  return messages.length
}

const insertQuery = new PreparedQuery<GatewayTables, MessageFtsTable, InsertResult>((tx, { rowid, content, scope }) =>
  tx.insertInto('message_fts').values({ rowid, content, scope }),
)
