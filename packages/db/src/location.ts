import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** Where a database lives. Plain data; naming a place opens nothing. */
export interface Location {
  readonly file: string
}

/**
 * The real path of a database's file: symlinks resolved, and those of the folder where the file does not exist yet.
 * Two spellings of one file are one database, because two sets of handles on it would break each other's locks.
 */
export function realPathOf({ file }: Location): string {
  const path = resolve(file)
  try {
    return realpathSync(path)
  } catch {
    return join(realFolder(dirname(path)), basename(path))
  }
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    const parent = dirname(folder)
    return parent === folder ? folder : join(realFolder(parent), basename(folder))
  }
}
