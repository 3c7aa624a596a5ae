import type { Clock } from '@talaria/core'
import { leaveWriteAheadLog, openReader, refuseUsed } from './engines/sqlite.ts'
import { DatabaseError, sqliteCodeOf, translateError } from './errors.ts'
import { createPrivateFile, fileExists, holdersOf, moveFile, removeFile, syncFile } from './files.ts'
import { refuseDamaged } from './integrity.ts'
import { refuseNewer, versionOf } from './migrate.ts'
import type { Schema } from './schema.ts'

export interface RestoreOptions {
  readonly backup: string
  readonly file: string
  readonly schema: Schema<unknown>
  readonly clock: Clock
}

const COMPANIONS = ['', '-wal', '-shm', '-journal', '.damaged']

/** Large enough that a gigabyte takes seconds; nobody waits for the event loop meanwhile. */
const STEP_PAGES = 10_000

/**
 * Puts a backup in the place of a database that no process has open. Its copy is checked before anything moves, what
 * stood there is kept beside it, and put back when anything fails.
 *
 * @returns where the former database is now, or `undefined` when there was none.
 * @throws DatabaseError `BUSY` while somebody has it open, `CORRUPT`, `WRONG_SCHEMA`, `SCHEMA_TOO_NEW`, `NOT_FOUND`.
 */
export async function restore({ backup, file, schema, clock }: RestoreOptions): Promise<string | undefined> {
  if (!fileExists(backup)) throw new DatabaseError('NOT_FOUND', `${backup} does not exist.`)
  refuseHeld(file)
  const incoming = `${file}.restoring`
  removeFile(incoming)
  createPrivateFile(incoming)
  try {
    await copy(backup, incoming, schema)
    await refuseDamaged(incoming)
    syncFile(incoming)
    // Copying took a while.
    refuseHeld(file)
    return swap(file, incoming, clock.now())
  } finally {
    removeFile(incoming)
  }
}

/** By SQLite and not file by file: what lies beside a copy that was made by hand, such as its `-wal`, belongs to it. */
async function copy(backup: string, incoming: string, schema: Schema<unknown>): Promise<void> {
  try {
    const connection = openReader(backup)
    try {
      const version = versionOf(connection, schema, backup)
      refuseNewer(version, schema, backup)
      if (version === 0) throw new DatabaseError('WRONG_SCHEMA', `${backup} holds no database of Talaria.`)
      await connection.backup(incoming, { pages: STEP_PAGES, progress: () => {} })
    } finally {
      connection.close()
    }
    leaveWriteAheadLog(incoming)
  } catch (error) {
    throw translateError(error, backup)
  }
}

function swap(file: string, incoming: string, nowMs: number): string | undefined {
  const aside = `${file}.before-restore-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')}`
  const moved: string[] = []
  try {
    for (const suffix of COMPANIONS) {
      if (!fileExists(file + suffix)) continue
      moveFile(file + suffix, aside + suffix)
      moved.push(suffix)
    }
    moveFile(incoming, file)
  } catch (error) {
    for (const suffix of moved) moveFile(aside + suffix, file + suffix)
    throw error
  }
  return moved.length > 0 ? aside : undefined
}

/** Whoever has the file open would go on writing to the one that was moved aside. */
function refuseHeld(file: string): void {
  if (!fileExists(file)) return
  const holders = holdersOf(file)
  if (holders.length > 0) throw new DatabaseError('BUSY', `${file} is open in process ${holders.join(', ')}. Stop it first; nothing was changed.`)
  try {
    // For holders that the system does not tell of.
    refuseUsed(file)
  } catch (error) {
    // A file too damaged to be opened is what backups are for.
    if (sqliteCodeOf(error) !== 'SQLITE_BUSY') return
    throw new DatabaseError('BUSY', `${file} is open in another process. Stop it first; nothing was changed.`, { cause: error })
  }
}
