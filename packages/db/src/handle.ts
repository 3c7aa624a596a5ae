import type { Clock, Log } from '@talaria/core'
import { ChangeFeed } from './change-feed.ts'
import { journalModeOf, leaveWriteAheadLog, openReader, openWriter, useWriteAheadLog } from './engines/sqlite.ts'
import type { SqliteConnection } from './engines/sqlite-connection.ts'
import { DatabaseError } from './errors.ts'
import type { FileGuard } from './file-guard.ts'
import { fileExists } from './files.ts'
import { Lease, type Purpose } from './lease.ts'
import { untilUnlocked, type LockWait } from './lock-wait.ts'
import { checkVersion, migrate, refuseNewer, versionOf } from './migrate.ts'
import { ReadQueue } from './read-queue.ts'
import type { Schema } from './schema.ts'
import { WriteQueue, type WriteQueueOptions } from './write-queue.ts'

export interface HandleOptions {
  /** Real path of the file. */
  readonly file: string
  readonly guard: FileGuard
  readonly schema: Schema<unknown>
  /** Whether this process makes the file and migrates it. */
  readonly isOwner: boolean
  readonly clock: Clock
  readonly log: Log
  readonly lockBudgetMs?: number
  readonly onCommit: (writes: number) => void
  /** Called when the last lease came back, and when the last follower left. */
  readonly onReturn: () => void
}

interface Open<Queue> {
  readonly connection: SqliteConnection
  readonly queue: Queue
  readonly openedAt: number
}

/** One open connection, for who asks what is open. */
export interface OpenConnection {
  readonly role: 'reader' | 'writer'
  readonly openedAt: number
}

/**
 * The open connections of this process to one database: one reader, and one writer from the first write on. Never a
 * second of either, because SQLite keeps the descriptors of closed ones while any is left (docs/databases.md).
 */
export class Handle {
  readonly file: string
  readonly guard: FileGuard
  readonly leases = new Set<Lease>()
  /** Whoever follows the changes of this database keeps it open. */
  readonly changes: ChangeFeed
  readonly #options: HandleOptions
  #idleSince: number
  #reader: Open<ReadQueue> | undefined
  #writer: Open<WriteQueue> | undefined
  #openingReader: Promise<Open<ReadQueue>> | undefined
  #openingWriter: Promise<Open<WriteQueue>> | undefined
  #journalMode: string | undefined
  #isClosed = false

  constructor(options: HandleOptions) {
    this.file = options.file
    this.guard = options.guard
    this.#options = options
    this.#idleSince = options.clock.monotonic()
    this.changes = new ChangeFeed({ clock: options.clock, version: () => this.#version(), onUnfollowed: () => this.#onReturn() })
  }

  get schemaName(): string {
    return this.#options.schema.name
  }

  get isIdle(): boolean {
    return this.leases.size === 0 && this.changes.followers === 0
  }

  /** Monotonic time at which the last user left. */
  get idleSince(): number {
    return this.#idleSince
  }

  get connections(): readonly OpenConnection[] {
    return [
      ...(this.#reader ? [{ role: 'reader' as const, openedAt: this.#reader.openedAt }] : []),
      ...(this.#writer ? [{ role: 'writer' as const, openedAt: this.#writer.openedAt }] : []),
    ]
  }

  /** `wal` or `delete`, once it has been opened. */
  get journalMode(): string | undefined {
    return this.#journalMode
  }

  get queuedWrites(): number {
    return this.#writer?.queue.depth ?? 0
  }

  lease(purpose: Purpose): Lease {
    const lease = new Lease(purpose, this.#options.clock.now(), (returned) => {
      if (this.leases.delete(returned)) this.#onReturn()
    })
    this.leases.add(lease)
    return lease
  }

  /** The queue of the one reader, opened on first use. To be called under a lease or by a follower. */
  reader(): Promise<Open<ReadQueue>> {
    this.#openingReader ??= this.#openReader().catch((error: unknown) => {
      this.#openingReader = undefined
      throw this.guard.failure(error)
    })
    return this.#openingReader
  }

  /** The queue of the one writer, opened on first use. To be called under a lease. */
  writer(): Promise<Open<WriteQueue>> {
    this.#openingWriter ??= this.#openWriter().catch((error: unknown) => {
      this.#openingWriter = undefined
      throw this.guard.failure(error)
    })
    return this.#openingWriter
  }

  /** Closes both connections; both are tried. */
  close(): void {
    this.#isClosed = true
    try {
      this.#reader?.connection.close()
    } finally {
      this.#reader = undefined
      this.#writer?.connection.close()
      this.#writer = undefined
      this.guard.closed()
    }
  }

  async #openReader(): Promise<Open<ReadQueue>> {
    const { clock, isOwner, schema } = this.#options
    this.guard.beforeOpening()
    const mayMigrate = isOwner && !this.guard.damage
    if (mayMigrate && !fileExists(this.file)) await this.writer()
    if (!fileExists(this.file)) throw new DatabaseError('NOT_FOUND', `${this.file} does not exist. The service that owns it makes it when it first starts.`)
    const connection = await untilUnlocked(() => openReader(this.file), this.#lockWait)
    try {
      let version = await this.#versionOf(connection)
      if (mayMigrate && version < schema.migrations.length) {
        await this.writer()
        version = await this.#versionOf(connection)
      }
      checkVersion(version, schema, this.file)
      this.#settle(connection)
    } catch (error) {
      connection.close()
      throw error
    }
    return (this.#reader = { connection, queue: new ReadQueue(connection, this.#lockWait), openedAt: clock.now() })
  }

  async #openWriter(): Promise<Open<WriteQueue>> {
    const { clock, isOwner, schema } = this.#options
    this.guard.beforeOpening()
    this.guard.refuseDamaged()
    if (isOwner) this.guard.make()
    let connection = await untilUnlocked(() => openWriter(this.file), this.#lockWait)
    try {
      // Before anything is written: what is somebody else's stays as it is, to the byte.
      refuseNewer(await this.#versionOf(connection), schema, this.file)
      if (isOwner) {
        connection = await this.#withJournal(connection)
        await migrate(connection, schema, { ...this.#lockWait, file: this.file })
      }
      checkVersion(await this.#versionOf(connection), schema, this.file)
      this.#settle(connection)
    } catch (error) {
      connection.close()
      throw error
    }
    return (this.#writer = { connection, queue: new WriteQueue(connection, this.#writeQueueOptions()), openedAt: clock.now() })
  }

  /** The same file with a write-ahead log, or else by another connection without one. */
  async #withJournal(connection: SqliteConnection): Promise<SqliteConnection> {
    if (await untilUnlocked(() => useWriteAheadLog(connection), this.#lockWait)) return connection
    connection.close()
    await untilUnlocked(() => leaveWriteAheadLog(this.file), this.#lockWait)
    return untilUnlocked(() => openWriter(this.file), this.#lockWait)
  }

  /** A handle may be closed while it is being opened; what was opened since is closed by whoever opened it. */
  #settle(connection: SqliteConnection): void {
    if (this.#isClosed) throw new DatabaseError('CLOSED', `${this.file} was closed while it was being opened.`)
    this.guard.opened()
    this.#journalMode = journalModeOf(connection)
  }

  #writeQueueOptions(): WriteQueueOptions {
    return {
      ...this.#lockWait,
      beforeBatch: () => {
        this.guard.check()
        this.guard.checkNowAndThen()
        this.guard.refuseDamaged()
      },
      onCommit: (writes: number) => {
        this.changes.notify()
        this.#options.onCommit(writes)
      },
    }
  }

  #versionOf(connection: SqliteConnection): Promise<number> {
    return untilUnlocked(() => versionOf(connection, this.#options.schema, this.file), this.#lockWait)
  }

  /** Another text after a commit of another process. The writer does not count its own commits, the reader does. */
  async #version(): Promise<string> {
    this.guard.checkNowAndThen()
    if (this.#writer) return `writer ${this.#writer.connection.value('pragma data_version') as number}`
    const { queue } = await this.reader()
    return `reader ${await queue.dataVersion()}`
  }

  get #lockWait(): LockWait {
    const { clock, lockBudgetMs } = this.#options
    return { clock, ...(lockBudgetMs !== undefined && { budgetMs: lockBudgetMs }) }
  }

  #onReturn(): void {
    if (this.leases.size > 0) return
    this.#idleSince = this.#options.clock.monotonic()
    this.#options.onReturn()
  }
}
