/** A process that takes the write lock of a database, prints `locked`, and keeps it for so many milliseconds. */
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'

const [file = '', ms = '0'] = process.argv.slice(2)
const database = new Database(file)
database.exec('begin immediate')
process.stdout.write('locked\n')
await sleep(Number(ms))
database.exec('commit')
database.close()
process.stdout.write('released\n')
