import { codeOf, type Clock, type Log } from '@talaria/core'
import { ChangeFeed } from './change-feed.ts'
import { journalModeOf, openReader, openWriter } from './engines/sqlite.ts'
import type { SqliteConnection } from './engines/sqlite-connection.ts'
import { DatabaseError, translateError } from './errors.ts'
import { createPrivateFile, damageOf, fileExists, identityOf, noteDamage, type Damage } from './files.ts'
import { Lease, type Purpose } from './lease.ts'
import { untilUnlocked, type LockWait } from './lock-wait.ts'
import { checkVersion, migrate, versionOf } from './migrate.ts'
import { ReadQueue } from './read-queue.ts'
import type { Schema } from './schema.ts'
import { WriteQueue } from './write-queue.ts'

/** Asking the file system costs a tenth of an empty read. */
const READ_CHECK_MS = 100

export interface HandleOptions {
  /** Real path of the file. */
  readonly file: string
  readonly schema: Schema<unknown>
  /** Whether this process makes the file and migrates it. */
  readonly isOwner: boolean
  readonly clock: Clock
  readonly log: Log
  readonly lockBudgetMs?: number
  readonly onCommit: (writes: number) => void
  /** Called when the last lease came back. */
  readonly onIdle: () => void
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
 * second of either, because SQLite keeps the descriptors of closed ones while any is left (design note: docs/databases.md).
 */
export class Handle {
  readonly file: string
  readonly leases = new Set<Lease>()
  /** Monotonic time at which the last lease came back. */
  idleSince: number
  /** Whoever follows the changes of this database keeps it open. */
  readonly changes: ChangeFeed
  readonly #options: HandleOptions
  #reader: Open<ReadQueue> | undefined
  #writer: Open<WriteQueue> | undefined
  #openingReader: Promise<Open<ReadQueue>> | undefined
  #openingWriter: Promise<Open<WriteQueue>> | undefined
  #identity: string | undefined
  #identityCheckedAt = 0
  #damage: Damage | undefined
  #journalMode: string | undefined
  #isClosed = false

  constructor(options: HandleOptions) {
    this.file = options.file
    this.idleSince = options.clock.monotonic()
    this.#options = options
    this.changes = new ChangeFeed(options.clock, async () => (await this.reader()).queue)
  }

  get schemaName(): string {
    return this.#options.schema.name
  }

  get connections(): readonly OpenConnection[] {
    return [
      ...(this.#reader ? [{ role: 'reader' as const, openedAt: this.#reader.openedAt }] : []),
      ...(this.#writer ? [{ role: 'writer' as const, openedAt: this.#writer.openedAt }] : []),
    ]
  }

  get damage(): Damage | undefined {
    return this.#damage
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
      this.leases.delete(returned)
      if (this.leases.size > 0) return
      this.idleSince = this.#options.clock.monotonic()
      this.#options.onIdle()
    })
    this.leases.add(lease)
    return lease
  }

  /** The queue of the one reader, opened on first use. To be called under a lease or by a listener. */
  reader(): Promise<Open<ReadQueue>> {
    this.#openingReader ??= this.#openReader().catch((error: unknown) => {
      this.#openingReader = undefined
      throw this.failure(error)
    })
    return this.#openingReader
  }

  /** The queue of the one writer, opened on first use. To be called under a lease. */
  writer(): Promise<Open<WriteQueue>> {
    this.#openingWriter ??= this.#openWriter().catch((error: unknown) => {
      this.#openingWriter = undefined
      throw this.failure(error)
    })
    return this.#openingWriter
  }

  /**
   * Refuses to go on with a file that is not the one at this path any more: what is written to it would be lost.
   *
   * @throws DatabaseError `REPLACED`
   */
  checkIdentity(): void {
    if (this.#identity === undefined) return
    this.#identityCheckedAt = this.#options.clock.monotonic()
    const now = identityOf(this.file)
    if (now === this.#identity) return
    throw new DatabaseError('REPLACED', `${this.file} was ${now === undefined ? 'removed' : 'replaced by another file'} while it was open. Nothing is read or written until this process is restarted.`, {
      details: { file: this.file },
    })
  }

  /** The same for a read, which loses nothing when it is a moment late. */
  checkIdentityNowAndThen(): void {
    if (this.#options.clock.monotonic() - this.#identityCheckedAt > READ_CHECK_MS) this.checkIdentity()
  }

  /** An error on its way out: in our words, and remembered when it says that the file is damaged. */
  failure(error: unknown): unknown {
    const translated = translateError(error, this.file)
    if (codeOf(translated) === 'CORRUPT' && !this.#damage) this.markDamaged((translated as Error).message)
    return translated
  }

  /** Read-only from now on, here and after a restart, and said so. Nothing is repaired or created in silence. */
  markDamaged(reason: string): void {
    this.#damage = { foundAt: this.#options.clock.now(), reason }
    noteDamage(this.file, this.#damage)
    this.#options.log.error({ file: this.file, reason }, 'a database is damaged and is read-only from now on; restore a backup with: talaria restore')
  }

  /** Closes both connections; both are tried. */
  close(): void {
    this.#isClosed = true
    try {
      this.#reader?.connection.close()
    } finally {
      this.#writer?.connection.close()
      this.#reader = undefined
      this.#writer = undefined
    }
  }

  async #openReader(): Promise<Open<ReadQueue>> {
    const { clock, isOwner, schema } = this.#options
    this.#damage ??= damageOf(this.file)
    const mayMigrate = isOwner && !this.#damage
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
      this.#journalMode = journalModeOf(connection)
      this.#refuseClosed()
    } catch (error) {
      connection.close()
      throw error
    }
    this.#identity ??= identityOf(this.file)
    this.#reader = { connection, queue: new ReadQueue(connection, clock), openedAt: clock.now() }
    return this.#reader
  }

  async #openWriter(): Promise<Open<WriteQueue>> {
    const { clock, isOwner, schema } = this.#options
    this.#damage ??= damageOf(this.file)
    if (this.#damage) throw this.#damageError()
    if (isOwner) createPrivateFile(this.file)
    const connection = await untilUnlocked(() => openWriter(this.file), this.#lockWait)
    try {
      if (isOwner) await migrate(connection, schema, { ...this.#lockWait, file: this.file })
      checkVersion(await this.#versionOf(connection), schema, this.file)
      this.#refuseClosed()
    } catch (error) {
      connection.close()
      throw error
    }
    this.#identity ??= identityOf(this.file)
    this.#writer = { connection, queue: new WriteQueue(connection, this.#writeQueueOptions()), openedAt: clock.now() }
    return this.#writer
  }

  #writeQueueOptions() {
    return {
      ...this.#lockWait,
      beforeBatch: () => {
        if (this.#damage) throw this.#damageError()
        this.checkIdentity()
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

  get #lockWait(): LockWait {
    const { clock, lockBudgetMs } = this.#options
    return { clock, ...(lockBudgetMs !== undefined && { budgetMs: lockBudgetMs }) }
  }

  /** A handle may be closed while it is being opened; what was opened since is closed by whoever opened it. */
  #refuseClosed(): void {
    if (this.#isClosed) throw new DatabaseError('CLOSED', `${this.file} was closed while it was being opened.`)
  }

  #damageError(): DatabaseError {
    const { reason = '', foundAt = 0 } = this.#damage ?? {}
    return new DatabaseError('CORRUPT', `${this.file} is damaged (found ${new Date(foundAt).toISOString()}: ${reason}) and is read-only. Restore a backup with: talaria restore`, {
      details: { file: this.file },
    })
  }
}
