import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

/*
 * The little that must touch a database's files without SQLite. Nothing here opens a file that a connection of this
 * process may hold: closing any descriptor of it would drop the locks of all of them
 * (https://sqlite.org/howtocorrupt.html §2.2).
 */

/** Makes an empty file that only its user may read; SQLite gives `-wal` and `-shm` the same mode. Does nothing if it exists. */
export function createPrivateFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Which file a path leads to right now, by device and inode; `undefined` when there is none. */
export function identityOf(file: string): string | undefined {
  const stats = statSync(file, { throwIfNoEntry: false })
  return stats && `${stats.dev}:${stats.ino}`
}

export function fileExists(file: string): boolean {
  return existsSync(file)
}

/** Bytes of a file; 0 when there is none. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

export interface Damage {
  /** Wall time in milliseconds. */
  readonly foundAt: number
  readonly reason: string
}

/** The note beside a damaged database that keeps it read-only across restarts. */
export function damageOf(file: string): Damage | undefined {
  const note = `${file}.damaged`
  if (!existsSync(note)) return undefined
  try {
    return JSON.parse(readFileSync(note, 'utf8')) as Damage
  } catch {
    // A full disk leaves an empty note; that it is there says enough.
    return { foundAt: Math.round(statSync(note, { throwIfNoEntry: false })?.mtimeMs ?? 0), reason: `see ${note}` }
  }
}

/** Leaves the note; nothing is lost when that fails too, because the process itself remembers. */
export function noteDamage(file: string, damage: Damage): void {
  try {
    writeFileSync(`${file}.damaged`, `${JSON.stringify(damage)}\n`, { mode: 0o600 })
  } catch {
    // The disk may be the reason.
  }
}

/** Renames within one file system, over what stands there; on disk when this returns. */
export function moveFile(from: string, to: string): void {
  renameSync(from, to)
  sync(dirname(to), 'r')
}

/** Moves a database that nobody has open to where there is none; false when there is one. On disk when this returns. */
export function placeFile(from: string, to: string): boolean {
  try {
    linkSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  rmSync(from)
  sync(dirname(to), 'r')
  return true
}

/** Removes a file and what SQLite may have left beside it. Only for files that no connection has open. */
export function removeFile(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true })
}

/** Waits until a file that no connection has open is on disk. */
export function syncFile(file: string): void {
  sync(file, 'r+')
}

/** Names of what is in a folder; none when there is no such folder. */
export function listedFiles(folder: string): readonly string[] {
  return listed(folder)
}

/** Removes a folder and everything in it. Only for folders that hold no database. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** The text of a small file beside the databases; `undefined` when there is none. */
export function readSmallFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** The bytes of a file that is no database; `undefined` when there is none. */
export function readFileOf(file: string): Uint8Array | undefined {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}

/** Makes a file that only its user may read, on disk when this returns. */
export function createFileOf(file: string, bytes: Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(file, bytes, { mode: 0o600, flush: true })
}

/** When a plain file was written last, in milliseconds; `undefined` when there is none. */
export function modifiedAt(file: string): number | undefined {
  const stats = statSync(file, { throwIfNoEntry: false })
  return stats?.isFile() ? stats.mtimeMs : undefined
}

/** Removes a file that is no database; nothing happens when there is none. */
export function removeSmallFile(file: string): void {
  rmSync(file, { force: true })
}

/** Puts a small file in the place of the one that is there, whole or not at all. */
export function replaceSmallFile(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.new`, text, { mode: 0o600 })
  moveFile(`${file}.new`, file)
}

/** Processes that have a file open, this one included; none where the system cannot say (it must have `/proc`). */
export function holdersOf(file: string): readonly number[] {
  return listed('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => listed(`/proc/${pid}/fd`).some((descriptor) => linkOf(`/proc/${pid}/fd/${descriptor}`) === file))
    .map(Number)
}

function sync(path: string, flags: string): void {
  const descriptor = openSync(path, flags)
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
