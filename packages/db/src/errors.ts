import { TalariaError } from '@talaria/core'

/** Why a database did not do what was asked; the meaning stands beside each code. */
export type DatabaseErrorCode =
  /** `openDatabases()` was called twice in one process; two registries could hold two writers on one file. */
  | 'ALREADY_OPEN'
  /** Opening one more database would go over the bound of open files, and every open one is in use. */
  | 'TOO_MANY_OPEN'
  /** A database was used inside a `read` or `write` callback; it would wait for itself for ever. */
  | 'NESTED'
  /** The databases are closing, or a transaction was used after it was over. */
  | 'CLOSED'
  /** The file does not exist and this process is not the one that makes it. */
  | 'NOT_FOUND'
  /** Another process held the lock for longer than the time budget. */
  | 'BUSY'
  /** A callback awaited something other than its transaction for too long, and was rolled back. */
  | 'OVERRUN'
  /** The owner of this database has not migrated it yet. */
  | 'SCHEMA_TOO_OLD'
  /** A newer version of Talaria has migrated this database; this one must not touch it. */
  | 'SCHEMA_TOO_NEW'
  /** The file holds another database than the one it was opened as, or none at all. */
  | 'WRONG_SCHEMA'
  /** The file is damaged. It is read-only from now on, across restarts, until a backup is restored. */
  | 'CORRUPT'
  /** The search index is damaged; the messages are not. It can be made anew from them. */
  | 'INDEX_CORRUPT'
  /** The file was replaced or removed while it was open. */
  | 'REPLACED'
  | 'DISK_FULL'
  /** This process, or the file's permissions, allow reading only. */
  | 'READ_ONLY'
  /** A row contradicts a unique, foreign-key or check constraint. */
  | 'CONSTRAINT'
  /** A row holds something its column cannot mean. */
  | 'BAD_ROW'
  /** Somebody else holds this claim by now; what was to be written under it was not. */
  | 'CLAIM_LOST'
  /** The operating system failed to open, read or write. */
  | 'IO'

/** Every error that leaves this package on purpose; the message names the file, `cause` holds SQLite's own error. */
export class DatabaseError extends TalariaError<DatabaseErrorCode> {}

/** Result codes of SQLite (https://sqlite.org/rescode.html), by their primary part. */
const SQLITE_CODES: Readonly<Record<string, { code: DatabaseErrorCode; what: string }>> = {
  SQLITE_BUSY: { code: 'BUSY', what: 'is locked by another process' },
  SQLITE_LOCKED: { code: 'BUSY', what: 'is locked by another connection' },
  SQLITE_PROTOCOL: { code: 'BUSY', what: 'is locked by another process (WAL protocol)' },
  SQLITE_CORRUPT: { code: 'CORRUPT', what: 'is damaged' },
  SQLITE_NOTADB: { code: 'CORRUPT', what: 'is not an SQLite database' },
  SQLITE_FULL: { code: 'DISK_FULL', what: 'cannot grow: the disk is full' },
  SQLITE_READONLY: { code: 'READ_ONLY', what: 'cannot be written' },
  SQLITE_PERM: { code: 'READ_ONLY', what: 'may not be accessed' },
  SQLITE_CONSTRAINT: { code: 'CONSTRAINT', what: 'refused a row' },
  SQLITE_IOERR: { code: 'IO', what: 'could not be read or written' },
  SQLITE_CANTOPEN: { code: 'IO', what: 'could not be opened' },
}

/** What a virtual table says of its own tables; the database around it may be sound. */
const INDEX_CORRUPT = 'SQLITE_CORRUPT_VTAB'

/** The primary result code of an error that SQLite raised, such as `SQLITE_BUSY` for `SQLITE_BUSY_SNAPSHOT`. */
export function sqliteCodeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return undefined
  return code.split('_', 2).join('_')
}

/** An error of SQLite in our words, with the file it happened to; any other error as it is. */
export function translateError(error: unknown, file: string): unknown {
  if ((error as { code?: unknown } | null)?.code === INDEX_CORRUPT) {
    return new DatabaseError('INDEX_CORRUPT', `The search index of ${file} is damaged: ${(error as Error).message}`, { cause: error, details: { file } })
  }
  const known = SQLITE_CODES[sqliteCodeOf(error) ?? '']
  if (!known) return error
  const { message } = error as Error
  return new DatabaseError(known.code, `${file} ${known.what}: ${message}`, { cause: error, details: { file } })
}
