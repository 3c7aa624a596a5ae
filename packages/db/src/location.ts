import { readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** Where a database lives. Plain data; naming a place opens nothing. */
export interface Location {
  readonly file: string
}

/** As many links in a row as Linux follows. */
const MAX_LINKS = 40

/**
 * The real path of a database's file: symlinks resolved, also those that lead to a file which does not exist yet. Two
 * spellings of one file are one database, because two sets of handles on it would break each other's locks.
 */
export function realPathOf({ file }: Location): string {
  let path = resolve(file)
  for (let links = 0; links < MAX_LINKS; links++) {
    const target = linkTarget(path)
    if (target === undefined) break
    path = resolve(realFolder(dirname(path)), target)
  }
  return join(realFolder(dirname(path)), basename(path))
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    const parent = dirname(folder)
    return parent === folder ? folder : join(realFolder(parent), basename(folder))
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
