import Database from 'better-sqlite3'

/** What lies on disk, seen through a connection of its own; for tests that look behind the stores. */
export function rowsOf<Row = Record<string, unknown>>(file: string, sql: string): Row[] {
  const database = new Database(file, { readonly: true })
  try {
    return database.prepare(sql).all() as Row[]
  } finally {
    database.close()
  }
}

/** The number of rows in a table. */
export function countOf(file: string, table: string): number {
  return rowsOf<{ count: number }>(file, `select count(*) as count from ${table}`)[0]!.count
}
