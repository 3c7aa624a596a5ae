import Database from 'better-sqlite3'
import type { CompiledQuery, QueryResult } from 'kysely'
import { DatabaseError } from '../errors.ts'

/** More than all statements of all stores; a statement beyond it costs one more preparation, not memory for ever. */
const MAX_STATEMENTS = 500

/** One raw connection to one SQLite file, with its prepared statements. Whoever opened it closes it. */
export class SqliteConnection {
  readonly #raw: Database.Database
  readonly #statements = new Map<string, Database.Statement>()

  /** Takes over a raw connection. */
  constructor(raw: Database.Database) {
    this.#raw = raw
  }

  /** Whether a transaction is open. False after SQLITE_FULL, SQLITE_IOERR and their like have ended it. */
  get inTransaction(): boolean {
    return this.#raw.inTransaction
  }

  /** Runs a compiled query of Kysely. Synchronous, as SQLite is. */
  execute<Row>({ sql, parameters }: CompiledQuery): QueryResult<Row> {
    const statement = this.#prepare(sql)
    if (statement.reader) return { rows: statement.all(parameters) as Row[] }
    const { changes, lastInsertRowid } = statement.run(parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  /** Runs one statement that needs no parameters and gives no rows, such as `begin immediate`. */
  run(sql: string): void {
    this.#prepare(sql).run()
  }

  /** The first column of the first row. */
  value(sql: string): unknown {
    return this.#prepare(sql).pluck().get()
  }

  /** Runs several statements, or a pragma that gives rows nobody wants, without keeping them prepared. */
  script(sql: string): void {
    this.#live.exec(sql)
  }

  /** All rows of a statement that is run once, such as `pragma quick_check`. */
  rows(sql: string): unknown[] {
    return this.#live.prepare(sql).all()
  }

  /** Copies the database in steps of `pages`, between which the event loop turns; see https://sqlite.org/backup.html. */
  async backup(target: string, options: { readonly pages: number; readonly progress: (done: number, total: number) => void }): Promise<void> {
    const { totalPages } = await this.#live.backup(target, {
      progress: ({ totalPages: total, remainingPages }) => {
        options.progress(total - remainingPages, total)
        return options.pages
      },
    })
    options.progress(totalPages, totalPages)
  }

  close(): void {
    // What is prepared dies with its connection.
    this.#statements.clear()
    this.#raw.close()
  }

  get #live(): Database.Database {
    if (!this.#raw.open) throw new DatabaseError('CLOSED', 'The database was closed while it was in use.')
    return this.#raw
  }

  #prepare(sql: string): Database.Statement {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.#live.prepare(sql)
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.delete(this.#statements.keys().next().value!)
    this.#statements.set(sql, statement)
    return statement
  }
}
