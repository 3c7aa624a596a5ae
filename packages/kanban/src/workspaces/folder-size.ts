import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes that the files of a folder hold, counted until `limit` is passed. Links are not followed. One folder is open at a time. */
export async function folderSize(folder: string, limit: number): Promise<number> {
  let bytes = 0
  const folders = [folder]
  for (let next = folders.pop(); next !== undefined && bytes <= limit; next = folders.pop()) {
    const entries: string[] = []
    try {
      for await (const entry of await opendir(next)) {
        if (entry.isDirectory()) folders.push(join(next, entry.name))
        else entries.push(join(next, entry.name))
      }
    } catch {
      // It went while we looked.
    }
    for (const file of entries) bytes += (await lstat(file).catch(() => undefined))?.size ?? 0
  }
  return bytes
}
