import Database from 'better-sqlite3'
import { sqliteCodeOf } from '../errors.ts'
import { SqliteConnection } from './sqlite-connection.ts'

/** Beside the write-ahead log's usual 4 MB: what a burst leaves behind is given back at the next checkpoint. */
const WAL_SIZE_LIMIT = 64 * 1024 * 1024

const SHARED_PRAGMAS = ['cache_size = -8000', 'temp_store = memory', 'foreign_keys = on']

// Acknowledged means on disk; macOS needs the second to mean it.
const WRITER_PRAGMAS = ['synchronous = full', 'fullfsync = on', `journal_size_limit = ${WAL_SIZE_LIMIT}`]

/** The one connection of this process that reads a file. */
export function openReader(file: string): SqliteConnection {
  return open(file, { readonly: true }, [...SHARED_PRAGMAS, 'query_only = on'])
}

/** The one connection of this process that writes a file. Opening it changes nothing in the file. */
export function openWriter(file: string): SqliteConnection {
  return open(file, { readonly: false }, [...SHARED_PRAGMAS, ...WRITER_PRAGMAS])
}

/**
 * Asks for a write-ahead log; false where the file system refuses it (network mounts). Then the file is of no use until
 * {@link leaveWriteAheadLog}.
 */
export function useWriteAheadLog(connection: SqliteConnection): boolean {
  // SQLite says `wal` before it has tried to map the shared memory.
  connection.script('pragma journal_mode = wal')
  return canBeginToWrite(connection)
}

/**
 * Makes a database one file that stands alone, without a write-ahead log: what a backup is, and what a file cannot become
 * while another connection has it open.
 */
export function leaveWriteAheadLog(file: string): void {
  // In exclusive mode SQLite reads the log without shared memory, which may be what fails.
  const connection = open(file, { readonly: false }, ['locking_mode = exclusive'])
  try {
    connection.script('pragma journal_mode = delete')
  } finally {
    connection.close()
  }
}

/** Raises SQLite's own error, `SQLITE_BUSY`, while another connection uses the file. Changes nothing that is in it. */
export function refuseUsed(file: string): void {
  const connection = open(file, { readonly: false }, ['locking_mode = exclusive'])
  try {
    connection.run('begin exclusive')
    connection.run('rollback')
  } finally {
    connection.close()
  }
}

/** `wal`, or `delete` where the file system refused it. */
export function journalModeOf(connection: SqliteConnection): string {
  return connection.value('pragma journal_mode') as string
}

function canBeginToWrite(connection: SqliteConnection): boolean {
  try {
    connection.run('begin immediate')
    connection.run('rollback')
    return true
  } catch (error) {
    return sqliteCodeOf(error) === 'SQLITE_BUSY'
  }
}

function open(file: string, options: { readonly readonly: boolean }, pragmas: readonly string[]): SqliteConnection {
  // No busy timeout: it would stop the event loop. Waiting is done by `untilUnlocked`.
  const connection = new SqliteConnection(new Database(file, { ...options, fileMustExist: true, timeout: 0 }))
  try {
    for (const pragma of pragmas) connection.script(`pragma ${pragma}`)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}
