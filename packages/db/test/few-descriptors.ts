/** A process that uses up its file descriptors, and prints what still works. Argument: a folder. */
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '@talaria/core'
import { addNote, notesOf } from '../src/testing/notes.ts'
import { openTestDatabase } from '../src/testing/open-test-database.ts'

const [folder = ''] = process.argv.slice(2)
await using db = openTestDatabase({ file: join(folder, 'open.db') })
const other = db.at(join(folder, 'other.db'))
await addNote(db.database, 'before')
await notesOf(db.database)

const taken: number[] = []
try {
  for (;;) taken.push(openSync('/dev/null', 'r'))
} catch (error) {
  process.stdout.write(`exhausted ${codeOf(error)}\n`)
}

for (let i = 0; i < 50; i++) await addNote(db.database, `note ${i}`)
process.stdout.write(`open: ${(await notesOf(db.database)).length} notes\n`)
process.stdout.write(`other: ${codeOf(await addNote(other, 'x').catch((error: unknown) => error))}\n`)

for (const descriptor of taken) closeSync(descriptor)
await addNote(other, 'x')
process.stdout.write(`other afterwards: ${(await notesOf(other)).length} note\n`)
