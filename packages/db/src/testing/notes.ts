import type { Database, Source } from '../database.ts'
import type { TestTables } from './test-schema.ts'

/** Writes one note; resolves when it is on disk. */
export async function addNote(database: Database<TestTables>, text: string): Promise<void> {
  await database.write((tx) => tx.insertInto('note').values({ text, parent: null }).execute())
}

/** The texts of all notes, in the order in which they were written. */
export async function notesOf(source: Source<TestTables>): Promise<readonly string[]> {
  const rows = await source.read((db) => db.selectFrom('note').select('text').orderBy('id').execute())
  return rows.map((row) => row.text)
}
