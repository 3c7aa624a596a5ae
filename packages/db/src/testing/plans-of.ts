import Database from 'better-sqlite3'
import type { CompiledQuery } from 'kysely'
import { SqliteConnection } from '../engines/sqlite-connection.ts'

/** The steps by which SQLite runs every query that the stores ask while `work` is under way, such as `SEARCH chat USING PRIMARY KEY (…)`. */
export async function plansOf(file: string, work: () => Promise<unknown>): Promise<readonly string[]> {
  const asked: CompiledQuery[] = []
  const execute = SqliteConnection.prototype.execute
  SqliteConnection.prototype.execute = function <Row>(this: SqliteConnection, query: CompiledQuery) {
    asked.push(query)
    return execute.call(this, query) as ReturnType<typeof execute<Row>>
  }
  try {
    await work()
  } finally {
    SqliteConnection.prototype.execute = execute
  }
  if (asked.length === 0) throw new Error('nothing was asked')
  const database = new Database(file, { readonly: true })
  try {
    return asked.flatMap(({ sql, parameters }) =>
      database
        .prepare<unknown[], { detail: string }>(`explain query plan ${sql}`)
        .all(...parameters)
        .map(({ detail }) => detail),
    )
  } finally {
    database.close()
  }
}
