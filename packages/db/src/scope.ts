import { AsyncLocalStorage } from 'node:async_hooks'
import { DefaultQueryExecutor, Kysely, SqliteAdapter, SqliteQueryCompiler, type CompiledQuery, type Driver, type QueryResult } from 'kysely'
import type { SqliteConnection } from './engines/sqlite-connection.ts'
import { DatabaseError } from './errors.ts'

/** What a `read` callback is given: the queries of Kysely that look, on one snapshot. */
export type Snapshot<Tables> = Pick<Kysely<Tables>, 'selectFrom' | 'selectNoFrom' | 'with' | 'withRecursive' | 'fn' | 'getExecutor'>

/** What a `write` callback is given: one transaction. It cannot begin another, and is worthless once the callback ends. */
export type Transaction<Tables> = Snapshot<Tables> & Pick<Kysely<Tables>, 'insertInto' | 'updateTable' | 'deleteFrom'>

const compiler = new SqliteQueryCompiler()
const adapter = new SqliteAdapter()
const current = new AsyncLocalStorage<Scope>()

/**
 * One callback's view of a connection, from its first line to its last. A query after that is refused: it would run
 * inside whatever transaction the connection is in by then.
 */
export class Scope {
  readonly #connection: SqliteConnection
  #isOpen = true
  #lost: { readonly error: unknown } | undefined

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  /** @throws DatabaseError `NESTED` when called inside a callback that is still running. */
  static refuseNesting(file: string): void {
    const around = current.getStore()
    if (around?.isOpen) {
      throw new DatabaseError(
        'NESTED',
        `${file} was used inside a read or write callback. Callbacks await nothing but their transaction: do the other work before or after.`,
        {
          details: { file },
        },
      )
    }
  }

  /** Runs the callback; ends the scope however it ends. */
  async run<Tables, Result>(callback: (db: Transaction<Tables>) => Promise<Result>): Promise<Result> {
    const db = new Kysely<Tables>({ config: NO_DIALECT, driver: NO_DRIVER, dialect: NO_DIALECT.dialect, executor: new ScopedExecutor(this) })
    try {
      return await current.run(this, callback, db)
    } finally {
      this.#isOpen = false
    }
  }

  /** Ends the scope while its callback still runs. */
  end(): void {
    this.#isOpen = false
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** The error that ended the whole transaction under the callback, if one did. */
  get lost(): { readonly error: unknown } | undefined {
    return this.#lost
  }

  execute<Row>(query: CompiledQuery): QueryResult<Row> {
    if (this.#lost) throw this.#lost.error
    if (!this.#isOpen) throw new DatabaseError('CLOSED', 'This transaction is over. Await every query inside its callback.')
    try {
      return this.#connection.execute<Row>(query)
    } catch (error) {
      if (!this.#connection.inTransaction) this.#lost = { error }
      throw error
    }
  }
}

/** Compiles like Kysely and runs on the scope's connection at once, without a pool to wait for. */
class ScopedExecutor extends DefaultQueryExecutor {
  readonly #scope: Scope

  constructor(scope: Scope) {
    super(compiler, adapter, { provideConnection: refuse })
    this.#scope = scope
  }

  override async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return this.#scope.execute<Row>(query)
  }
}

async function refuse(): Promise<never> {
  throw new DatabaseError('NESTED', 'Transactions and connections are made by `read` and `write`, not inside them.')
}

const NO_DRIVER: Driver = {
  init: refuse,
  acquireConnection: refuse,
  beginTransaction: refuse,
  commitTransaction: refuse,
  rollbackTransaction: refuse,
  releaseConnection: refuse,
  destroy: refuse,
}

const NO_DIALECT = {
  dialect: {
    createAdapter: () => adapter,
    createDriver: () => NO_DRIVER,
    createIntrospector: () => {
      throw new DatabaseError('NESTED', 'There is no introspection inside a callback.')
    },
    createQueryCompiler: () => compiler,
  },
}
