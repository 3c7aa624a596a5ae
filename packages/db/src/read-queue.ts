import { bounded } from './bounded.ts'
import type { SqliteConnection } from './engines/sqlite-connection.ts'
import { untilUnlocked, type LockWait } from './lock-wait.ts'
import { Scope, type Snapshot } from './scope.ts'

/** Runs callbacks on the one reader, one after another, each on one snapshot of the database. */
export class ReadQueue {
  readonly #connection: SqliteConnection
  readonly #wait: LockWait
  #tail: Promise<unknown> = Promise.resolve()

  constructor(connection: SqliteConnection, wait: LockWait) {
    this.#connection = connection
    this.#wait = wait
  }

  read<Tables, Result>(callback: (db: Snapshot<Tables>) => Promise<Result>): Promise<Result> {
    return this.#next(() => this.#snapshot(callback))
  }

  /** A number that is another one after any commit to the file, by this process or another; it ignores rollbacks. */
  dataVersion(): Promise<number> {
    return this.#next(async () => this.#connection.value('pragma data_version') as number)
  }

  /** Does something with the connection while no callback is running on it. */
  #next<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#tail.then(work)
    this.#tail = turn.catch(() => {})
    return turn
  }

  async #snapshot<Tables, Result>(callback: (db: Snapshot<Tables>) => Promise<Result>): Promise<Result> {
    const connection = this.#connection
    await untilUnlocked(() => this.#begin(), this.#wait)
    const scope = new Scope(connection)
    try {
      return await bounded(scope.run(callback), this.#wait.clock)
    } finally {
      scope.end()
      this.#end()
    }
  }

  #begin(): void {
    try {
      this.#connection.run('begin')
      // `begin` alone takes no lock and no snapshot; the first look does, and may find the file locked.
      this.#connection.value('select 1 from sqlite_schema limit 1')
    } catch (error) {
      this.#end()
      throw error
    }
  }

  #end(): void {
    if (this.#connection.inTransaction) this.#connection.run('rollback')
  }
}
