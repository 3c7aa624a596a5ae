import { leaveWriteAheadLog } from './engines/sqlite.ts'
import { DatabaseError, sqliteCodeOf, translateError } from './errors.ts'
import { createPrivateFile, fileExists, moveFile, removeFile, syncFile } from './files.ts'
import type { Handle } from './handle.ts'
import { findDamage } from './integrity.ts'

/** Pages of one step: about 2 ms of copying between two turns of the event loop. */
const STEP_PAGES = 256

export interface BackupOptions {
  /** Called after each step with the pages copied so far and in all. */
  readonly onProgress?: (done: number, total: number) => void
  /** Ends the copying early; nothing is left of it then. */
  readonly signal?: AbortSignal
}

/**
 * Copies a database while it is in use, and checks the copy. Steps are made from the writer's connection: made from
 * another, the copy would start again with every commit. Nothing stands at `target` unless it is whole and sound.
 *
 * @throws DatabaseError `IO` when `target` exists or the copy is bad though the original is sound, `CORRUPT` when the original is damaged.
 */
export async function backUp(handle: Handle, target: string, options: BackupOptions = {}): Promise<void> {
  try {
    refuseExisting(target)
    await make(handle, target, options)
  } catch (error) {
    throw translateError(error, target)
  }
}

async function make(handle: Handle, target: string, options: BackupOptions): Promise<void> {
  const partial = `${target}.partial`
  removeFile(partial)
  createPrivateFile(partial)
  try {
    await copy(handle, partial, options)
    leaveWriteAheadLog(partial)
    await refuseBadCopy(partial, handle, options.signal)
    syncFile(partial)
    refuseExisting(target)
    moveFile(partial, target)
  } finally {
    removeFile(partial)
  }
}

async function copy(handle: Handle, partial: string, { signal, onProgress }: BackupOptions): Promise<void> {
  const { connection } = await handle.writer()
  const progress = (done: number, total: number) => {
    signal?.throwIfAborted()
    onProgress?.(done, total)
  }
  try {
    await connection.backup(partial, { pages: STEP_PAGES, progress })
  } catch (error) {
    // Only what is read can be found damaged; whatever else goes wrong, goes wrong at the target.
    throw sqliteCodeOf(error) === 'SQLITE_CORRUPT' ? handle.guard.failure(error) : error
  }
}

function refuseExisting(target: string): void {
  if (fileExists(target)) throw new DatabaseError('IO', `${target} exists already; name another file for the backup.`)
}

/** A bad copy of a sound database says something of the disk it lies on, and must not stop the database. */
async function refuseBadCopy(partial: string, { file, guard }: Handle, signal?: AbortSignal): Promise<void> {
  const [problem] = (await findDamage(partial, signal)).problems
  if (problem === undefined) return
  const [original] = (await findDamage(file, signal)).problems
  if (original === undefined)
    throw new DatabaseError('IO', `The backup was written badly (${problem}), though ${file} is sound. Look at the disk of ${partial}.`)
  guard.markDamaged(original)
  guard.refuseDamaged()
}
