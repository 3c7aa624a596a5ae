import { leaveWriteAheadLog } from './engines/sqlite.ts'
import { DatabaseError } from './errors.ts'
import { createPrivateFile, fileExists, moveFile, removeFile, syncFile } from './files.ts'
import type { Handle } from './handle.ts'
import { findDamage } from './integrity.ts'

/** Pages of one step: about 2 ms of copying between two turns of the event loop. */
const STEP_PAGES = 256

export interface BackupOptions {
  /** Called after each step with the pages copied so far and in all. */
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Copies a database while it is in use, and checks the copy. Steps are made from the writer's connection: made from
 * another, the copy would start again with every commit. Nothing stands at `target` unless it is whole and sound.
 *
 * @throws DatabaseError `IO` when `target` exists, `CORRUPT` when the copy is damaged, which means that the original is.
 */
export async function backUp(handle: Handle, target: string, options: BackupOptions = {}): Promise<void> {
  if (fileExists(target)) throw new DatabaseError('IO', `${target} exists already; name another file for the backup.`)
  const partial = `${target}.partial`
  removeFile(partial)
  createPrivateFile(partial)
  try {
    const { connection } = await handle.writer()
    await connection.backup(partial, { pages: STEP_PAGES, progress: options.onProgress ?? (() => {}) })
    leaveWriteAheadLog(partial)
    await refuseDamaged(partial)
    syncFile(partial)
    moveFile(partial, target)
  } finally {
    removeFile(partial)
  }
}

/** @throws DatabaseError `CORRUPT` */
export async function refuseDamaged(file: string): Promise<void> {
  const problems = await findDamage(file)
  if (problems.length > 0) throw new DatabaseError('CORRUPT', `${file} is damaged: ${problems[0]}`, { details: { file, problems } })
}
