import type { Clock } from '@talaria/core'
import { refuseDamaged } from './backup.ts'
import { leaveWriteAheadLog, openReader } from './engines/sqlite.ts'
import { DatabaseError, translateError } from './errors.ts'
import { copyPrivate, fileExists, holdersOf, moveFile, removeFile, syncFile } from './files.ts'
import { versionOf } from './migrate.ts'
import type { Schema } from './schema.ts'

export interface RestoreOptions {
  readonly backup: string
  readonly file: string
  readonly schema: Schema<unknown>
  readonly clock: Clock
}

const COMPANIONS = ['', '-wal', '-shm', '-journal', '.damaged']

/**
 * Puts a backup in the place of a database that no process has open. The backup is checked before anything moves, what
 * stood there is kept beside it, and put back when anything fails.
 *
 * @returns where the former database is now, or `undefined` when there was none.
 * @throws DatabaseError `BUSY` while somebody has it open, `CORRUPT`, `WRONG_SCHEMA`, `SCHEMA_TOO_NEW`, `NOT_FOUND`.
 */
export async function restore({ backup, file, schema, clock }: RestoreOptions): Promise<string | undefined> {
  if (!fileExists(backup)) throw new DatabaseError('NOT_FOUND', `${backup} does not exist.`)
  await refuseDamaged(backup)
  refuseForeign(backup, schema)
  refuseHeld(file)
  const incoming = `${file}.restoring`
  removeFile(incoming)
  try {
    copyPrivate(backup, incoming)
    await refuseDamaged(incoming)
    syncFile(incoming)
    return swap(file, incoming, clock.now())
  } finally {
    removeFile(incoming)
  }
}

function swap(file: string, incoming: string, nowMs: number): string | undefined {
  const aside = `${file}.before-restore-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')}`
  const moved = COMPANIONS.filter((suffix) => fileExists(file + suffix))
  for (const suffix of moved) moveFile(file + suffix, aside + suffix)
  try {
    moveFile(incoming, file)
  } catch (error) {
    for (const suffix of moved) moveFile(aside + suffix, file + suffix)
    throw error
  }
  return moved.length > 0 ? aside : undefined
}

function refuseForeign(backup: string, schema: Schema<unknown>): void {
  const connection = openReader(backup)
  try {
    const version = versionOf(connection, schema, backup)
    if (version > schema.migrations.length) {
      throw new DatabaseError('SCHEMA_TOO_NEW', `${backup} was made by a newer Talaria (version ${version}, this one knows ${schema.migrations.length}).`)
    }
    if (version === 0) throw new DatabaseError('WRONG_SCHEMA', `${backup} holds no database of Talaria.`)
  } finally {
    connection.close()
  }
}

/** Whoever has the file open would go on writing to the one that was moved aside. */
function refuseHeld(file: string): void {
  if (!fileExists(file)) return
  const holders = holdersOf(file)
  if (holders.length > 0) throw new DatabaseError('BUSY', `${file} is open in process ${holders.join(', ')}. Stop it first; nothing was changed.`)
  try {
    // For systems that cannot say who holds a file.
    leaveWriteAheadLog(file)
  } catch (error) {
    const translated = translateError(error, file)
    if (translated instanceof DatabaseError && translated.code === 'BUSY') {
      throw new DatabaseError('BUSY', `${file} is open in another process. Stop it first; nothing was changed.`, { cause: error })
    }
    // A file too damaged to be opened is what backups are for.
  }
}
