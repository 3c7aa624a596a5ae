import { bounded } from './bounded.ts'
import type { SqliteConnection } from './engines/sqlite-connection.ts'
import { untilUnlocked, type LockWait } from './lock-wait.ts'
import { Scope, type Transaction } from './scope.ts'

/** A batch that runs longer commits what it has, so that the event loop turns. */
const BATCH_MS = 8

export interface WriteQueueOptions extends LockWait {
  /** Called before each batch; what it throws fails the batch. */
  readonly beforeBatch: () => void
  /** Called after each commit with the number of writes in it. */
  readonly onCommit: (writes: number) => void
}

interface Member {
  readonly run: (scope: Scope) => Promise<unknown>
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
  /** It had succeeded once already, in a transaction that was lost. */
  isRerun: boolean
}

type Outcome = { readonly result: unknown } | { readonly error: unknown }

/**
 * Group commit: writes that come together share one durable commit, each in a savepoint of its own.
 *
 * A batch is whatever has queued up by the time the event loop has turned once; there is no timer, so a lone write
 * waits for nothing. Callbacks run strictly one after another, because savepoints are a stack: interleaved, undoing one
 * would silently undo the next. Nothing is acknowledged before the commit that holds it is on disk.
 */
export class WriteQueue {
  readonly #connection: SqliteConnection
  readonly #options: WriteQueueOptions
  #waiting: Member[] = []
  #batch: Member[] = []
  #draining: Promise<void> | undefined

  constructor(connection: SqliteConnection, options: WriteQueueOptions) {
    this.#connection = connection
    this.#options = options
  }

  /** Writes that are neither committed nor refused yet. */
  get depth(): number {
    return this.#waiting.length + this.#batch.length
  }

  /** Runs `callback` in a savepoint of the next batch; resolves once it is on disk. */
  write<Tables, Result>(callback: (tx: Transaction<Tables>) => Promise<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ run: (scope) => scope.run(callback), resolve: resolve as Member['resolve'], reject, isRerun: false })
      this.#draining ??= this.#drain()
    })
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Requests whose packets are here already are read first, and share the commit.
      await new Promise((resolve) => setImmediate(resolve))
      const batch = (this.#batch = this.#waiting)
      this.#waiting = []
      try {
        await this.#commit(batch)
      } catch (error) {
        this.#rollback()
        for (const member of batch) member.reject(error)
      }
      this.#batch = []
    }
    this.#draining = undefined
  }

  async #commit(batch: Member[]): Promise<void> {
    const connection = this.#connection
    this.#options.beforeBatch()
    await untilUnlocked(() => connection.run('begin immediate'), this.#options)
    const done = await this.#runMembers(batch)
    if (!done) return
    // Nothing is left of it, so there is nothing to sync and nothing to tell.
    if (done.length === 0) return this.#rollback()
    // A rollback journal, unlike a write-ahead log, lets readers keep a writer from committing.
    await untilUnlocked(() => connection.run('commit'), this.#options)
    this.#options.onCommit(done.length)
    for (const { member, result } of done) member.resolve(result)
  }

  #rollback(): void {
    try {
      if (this.#connection.inTransaction) this.#connection.run('rollback')
    } catch {
      // The connection is beyond use; the error that led here says so to everybody who waited.
    }
  }

  /** Those who succeeded and await the commit; `undefined` when the transaction was lost. Takes out of `batch` who must wait for the next. */
  async #runMembers(batch: Member[]): Promise<{ member: Member; result: unknown }[] | undefined> {
    const begun = this.#options.clock.monotonic()
    const done: { member: Member; result: unknown }[] = []
    for (const [index, member] of batch.entries()) {
      const outcome = await this.#runMember(member)
      if ('result' in outcome) done.push({ member, result: outcome.result })
      else member.reject(outcome.error)
      if ('error' in outcome && !this.#connection.inTransaction) {
        this.#runAgain(
          done.map((one) => one.member),
          batch.splice(index + 1),
          outcome.error,
        )
        return undefined
      }
      if (this.#options.clock.monotonic() - begun > BATCH_MS) {
        this.#waiting = [...batch.splice(index + 1), ...this.#waiting]
        break
      }
    }
    return done
  }

  async #runMember(member: Member): Promise<Outcome> {
    const connection = this.#connection
    const scope = new Scope(connection)
    try {
      connection.run('savepoint member')
      const result = await bounded(member.run(scope), this.#options.clock)
      // The callback may have swallowed the error that ended the whole transaction; there is nothing left to keep.
      if (scope.lost) return { error: scope.lost.error }
      connection.run('release member')
      return { result }
    } catch (error) {
      scope.end()
      if (connection.inTransaction) {
        connection.run('rollback to member')
        connection.run('release member')
      }
      return { error }
    }
  }

  /**
   * SQLITE_FULL and its like end the whole transaction, and a later `savepoint` would open one of its own. What had
   * succeeded in it is run once more in a new one, and gets the error when that is lost too.
   */
  #runAgain(succeeded: readonly Member[], untried: readonly Member[], error: unknown): void {
    const again = succeeded.filter((member) => !member.isRerun)
    for (const member of succeeded) if (member.isRerun) member.reject(error)
    for (const member of again) member.isRerun = true
    this.#waiting = [...again, ...untried, ...this.#waiting]
  }
}
