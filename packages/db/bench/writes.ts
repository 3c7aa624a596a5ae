/**
 * Measures writes through a store against a bare better-sqlite3 and a stock Kysely on the same disk, in turn, and prints
 * JSON. Arguments: a folder, and how many rounds.
 */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { silentLog, systemClock } from '@talaria/core'
import Database from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { Database as Store } from '../src/database.ts'
import { Registry } from '../src/registry.ts'

interface Tables {
  item: { id?: number; name: string; size: number }
}

const [folder = '.', rounds = '5'] = process.argv.slice(2)
const place = mkdtempSync(join(folder, 'writes-'))
const TABLE = 'create table item (id integer primary key, name text not null, size integer not null) strict'

const raw = new Database(join(place, 'bare.db'))
raw.exec(`pragma journal_mode = wal; pragma synchronous = full; ${TABLE}`)
const insert = raw.prepare('insert into item (name, size) values (?, ?)')
const stock = new Kysely<Tables>({ dialect: new SqliteDialect({ database: raw }) })

const registry = new Registry({ clock: systemClock, log: silentLog, lingerMs: 60_000, maxDatabases: 4, graceMs: 1_000 })
const store = new Store<Tables>(registry, {
  location: { file: join(place, 'ours.db') },
  schema: { name: 'bench', migrations: [{ name: '1', sqlite: [TABLE] }] },
  isOwner: true,
})
const writeOne = (size: number) => store.write((tx) => tx.insertInto('item').values({ name: 'a name of usual length', size }).execute())

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const begun = performance.now()
  await work()
  return (count / (performance.now() - begun)) * 1_000
}

async function medianMs(count: number, work: (index: number) => unknown): Promise<number> {
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const begun = performance.now()
    await work(index)
    times.push(performance.now() - begun)
  }
  return median(times)
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

const figures = { bareMs: [] as number[], loneMs: [] as number[], stockPerSecond: [] as number[], groupedPerSecond: [] as number[], borrowUs: [] as number[] }
await writeOne(0)
// The first round warms everything up.
for (let round = 0; round <= Number(rounds); round++) {
  const measured = {
    bareMs: await medianMs(500, (index) => insert.run('a name of usual length', index)),
    loneMs: await medianMs(500, writeOne),
    stockPerSecond: await perSecond(500, async () => {
      for (let index = 0; index < 500; index++) await stock.insertInto('item').values({ name: 'a name of usual length', size: index }).execute()
    }),
    groupedPerSecond: await perSecond(64 * 100, async () => {
      const writer = async () => {
        for (let index = 0; index < 100; index++) await writeOne(index)
      }
      await Promise.all(Array.from({ length: 64 }, writer))
    }),
    borrowUs: (await medianMs(5_000, () => store.read(async () => {}))) * 1_000,
  }
  if (round > 0) for (const name of Object.keys(figures) as (keyof typeof figures)[]) figures[name].push(measured[name])
}
await registry.close()
raw.close()
console.log(JSON.stringify(Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, median(values)]))))
