import type { Place, Registry } from './registry.ts'
import { Scope, type Snapshot, type Transaction } from './scope.ts'

/** A database one may read. Holds nothing open; what readers are made of. */
export class Source<Tables> {
  protected readonly registry: Registry
  protected readonly place: Place

  constructor(registry: Registry, place: Place) {
    this.registry = registry
    this.place = place
  }

  /**
   * Runs `callback` on one short snapshot. It awaits nothing but its queries.
   *
   * @throws DatabaseError `NOT_FOUND`, `SCHEMA_TOO_OLD`, `SCHEMA_TOO_NEW`, `CORRUPT`, `BUSY`, `NESTED`, `CLOSED`, …
   */
  async read<Result>(callback: (db: Snapshot<Tables>) => Promise<Result>): Promise<Result> {
    Scope.refuseNesting(this.place.location.file)
    const { handle, lease } = this.registry.borrow(this.place, 'read')
    try {
      const { queue } = await handle.reader()
      handle.guard.checkNowAndThen()
      return await queue.read(callback)
    } catch (error) {
      throw handle.guard.failure(error)
    } finally {
      lease.release()
    }
  }

  /** Another text after every commit to this database, by whichever process. Asks less of it than a query. */
  async version(): Promise<string> {
    const { handle, lease } = this.registry.borrow(this.place, 'read')
    try {
      return await handle.changes.version()
    } catch (error) {
      throw handle.guard.failure(error)
    } finally {
      lease.release()
    }
  }

  /**
   * Yields at once and again after every commit to this database, by whichever process, until `signal` aborts; commits
   * that come together are told once. Where there is no database yet, it waits for it.
   */
  async *changes(signal: AbortSignal): AsyncGenerator<void> {
    yield* this.registry.handleOf(this.place).changes.follow(signal)
  }
}

/** A database one may also write. */
export class Database<Tables> extends Source<Tables> {
  /**
   * Runs `callback` in one transaction and resolves once it is on disk. It awaits nothing but its queries, and may be
   * run again when the transaction that held it was lost (a full disk), so it changes nothing outside.
   *
   * @throws DatabaseError `DISK_FULL`, `BUSY`, `CORRUPT`, `CONSTRAINT`, `READ_ONLY`, `OVERRUN`, `NESTED`, `CLOSED`, …
   */
  async write<Result>(callback: (tx: Transaction<Tables>) => Promise<Result>): Promise<Result> {
    Scope.refuseNesting(this.place.location.file)
    const { handle, lease } = this.registry.borrow(this.place, 'write')
    try {
      const { queue } = await handle.writer()
      return await queue.write(callback)
    } catch (error) {
      throw handle.guard.failure(error)
    } finally {
      lease.release()
    }
  }
}
