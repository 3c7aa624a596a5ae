import { startChild } from './start-child.ts'

/**
 * Damages the search index of a database that may be open, as another process would. Its structure record then names
 * more levels than there can be; noise in its place would now and then ask for all memory instead.
 */
export async function damageSearchIndex(file: string): Promise<void> {
  const how = await startChild('run-sql', [file, `update message_fts_data set block = x'${'ff'.repeat(20)}' where id = 10`]).ended
  if (how !== 0) throw new Error(`the search index could not be damaged: ${how}`)
}
