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
  /** The file was replaced or removed while this process used it. */
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

/** Every error that leaves this package on purpose; the message names the file, `cause` holds the error behind it. */
export class DatabaseError extends TalariaError<DatabaseErrorCode> {}

type Meaning = readonly [code: DatabaseErrorCode, what: string]

/** Result codes of SQLite (https://sqlite.org/rescode.html): extended ones where they mean something else, else their primary part. */
const SQLITE_CODES: Readonly<Record<string, Meaning>> = {
  SQLITE_BUSY: ['BUSY', 'is locked by another process'],
  SQLITE_LOCKED: ['BUSY', 'is locked by another connection'],
  SQLITE_PROTOCOL: ['BUSY', 'is locked by another process (WAL protocol)'],
  SQLITE_CORRUPT: ['CORRUPT', 'is damaged'],
  // What a virtual table says of its own tables; the database around it may be sound.
  SQLITE_CORRUPT_VTAB: ['INDEX_CORRUPT', 'has a damaged search index'],
  SQLITE_NOTADB: ['CORRUPT', 'is not an SQLite database'],
  SQLITE_FULL: ['DISK_FULL', 'cannot grow: the disk is full'],
  SQLITE_READONLY: ['READ_ONLY', 'cannot be written'],
  SQLITE_READONLY_DBMOVED: ['REPLACED', 'was removed or renamed while it was open'],
  SQLITE_PERM: ['READ_ONLY', 'may not be accessed'],
  SQLITE_CONSTRAINT: ['CONSTRAINT', 'refused a row'],
  SQLITE_IOERR: ['IO', 'could not be read or written'],
  SQLITE_CANTOPEN: ['IO', 'could not be opened'],
}

/** What the operating system says where we asked it ourselves (errno(3)); anything else is `IO`. */
const SYSTEM_CODES: Readonly<Record<string, Meaning>> = {
  ENOSPC: ['DISK_FULL', 'cannot grow: the disk is full'],
  EDQUOT: ['DISK_FULL', 'cannot grow: the quota is used up'],
  EROFS: ['READ_ONLY', 'is on a read-only file system'],
  EACCES: ['READ_ONLY', 'may not be accessed'],
  EPERM: ['READ_ONLY', 'may not be accessed'],
}

/** The primary result code of an error that SQLite raised, such as `SQLITE_BUSY` for `SQLITE_BUSY_SNAPSHOT`. */
export function sqliteCodeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return undefined
  return code.split('_', 2).join('_')
}

/** An error of SQLite or of the system in our words, with the file it happened to; any other error as it is. */
export function translateError(error: unknown, file: string): unknown {
  const meaning = meaningOf(error)
  if (!meaning) return error
  const [code, what] = meaning
  return new DatabaseError(code, `${file} ${what}: ${(error as Error).message}`, { cause: error, details: { file } })
}

function meaningOf(error: unknown): Meaning | undefined {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown }
  if (typeof code !== 'string') return undefined
  if (typeof syscall === 'string') return SYSTEM_CODES[code] ?? ['IO', 'could not be used']
  return SQLITE_CODES[code] ?? SQLITE_CODES[sqliteCodeOf(error) ?? '']
}
