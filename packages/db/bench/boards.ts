/**
 * Measures a board's stores on a disk and prints JSON. Arguments: a folder, and a thousandth of how many tasks (10 for
 * the figures of the documentation).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { brotliCompressSync, constants } from 'node:zlib'
import { silentLog, systemClock } from '@talaria/core'
import Database from 'better-sqlite3'
import { openDatabases, type BoardStores, type ClaimOptions } from '../src/index.ts'

const [folder = '.', thousands = '10', role = ''] = process.argv.slice(2)
const count = Number(thousands) * 1_000
const home = role === '' ? mkdtempSync(join(folder, 'boards-')) : folder
const databases = openDatabases({
  service: 'kanban',
  locations: { gateway: { file: join(home, 'gateway.db') }, boards: join(home, 'boards') },
  clock: systemClock,
  log: silentLog,
})
const IN_FLIGHT = 64
const options = (): ClaimOptions & { readonly tokenHash: string } => ({
  dispatcher: `d${process.pid}`,
  host: 'here',
  now: Date.now(),
  leaseMs: 60_000,
  caps: {},
  executorOf: () => 'twin',
  tokenHash: 'x',
})

/** Claims and completes until nothing is ready; how many it completed. */
async function work({ claims }: BoardStores): Promise<number> {
  let completed = 0
  const worker = async () => {
    for (let claimed = await claims.claimNext(options()); claimed; claimed = await claims.claimNext(options())) {
      await claims.complete(claimed.claim, { summary: 'done' })
      completed += 1
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
  return completed
}

async function inFlight(number: number, step: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const worker = async () => {
    for (let index = next++; index < number; index = next++) await step(index)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
}

async function perSecond(number: number, step: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await step()
  return (number / (performance.now() - begun)) * 1_000
}

async function times(number: number, step: (index: number) => Promise<unknown>): Promise<readonly number[]> {
  const all: number[] = []
  for (let index = 0; index < number; index += 1) {
    const begun = performance.now()
    await step(index)
    all.push(performance.now() - begun)
  }
  return all.toSorted((a, b) => a - b)
}

const at = (sorted: readonly number[], share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
const fresh = async (slug: string) => {
  await databases.boards.create({ slug }, 'bench')
  return databases.board(slug)
}
const task = (index: number) => ({
  title: `Task number ${index} of the measurement`,
  body: 'What is to be done, in a sentence of usual length.',
  assignee: 'agent',
})

if (role === 'racer') {
  const stores = databases.board('race')
  process.stdout.write('ready\n')
  while (!existsSync(join(home, 'go'))) await sleep(1)
  console.log(`completed ${await work(stores)}`)
  await databases.close()
} else {
  const create = await fresh('create')
  await inFlight(500, (index) => create.tasks.create(task(index), 'bench'))
  const createPerSecond = await perSecond(count, () => inFlight(count, (index) => create.tasks.create(task(index), 'bench')))

  // One by one, against the same statements on a bare connection at FULL.
  const lone = await fresh('lone')
  const bare = new Database(join(home, 'bare.db'))
  bare.exec('pragma journal_mode = wal; pragma synchronous = full')
  const source = new Database(join(home, 'boards', 'lone.db'), { readonly: true })
  for (const { sql } of source
    .prepare<[], { sql: string }>("select sql from sqlite_schema where sql is not null and name not like '%fts%' and name not like 'sqlite_%'")
    .all())
    bare.exec(sql)
  source.close()
  const insertTask = bare.prepare(
    "insert into task (id, title, body, state, assignee, created_by, created_at, updated_at, ready_at, rank) values (?, ?, ?, 'ready', 'agent', 'bench', ?, ?, ?, ?)",
  )
  const insertEvent = bare.prepare(
    "insert into event (seq, task_number, kind, actor, payload, at) values ((select coalesce(max(seq), 0) + 1 from event), ?, 'task.created', 'bench', ?, ?)",
  )
  const bareCreate = bare.transaction((index: number) => {
    const now = Date.now()
    const { title, body } = task(index)
    const { lastInsertRowid } = insertTask.run(`task_${index}`, title, body, now, now, now, -now)
    insertEvent.run(lastInsertRowid, '{"state":"ready","assignee":"agent"}', now)
  })
  const shares: number[] = []
  let next = 0
  for (let round = 0; round < 5; round += 1) {
    const ours = await perSecond(200, async () => void (await times(200, (index) => lone.tasks.create(task(index), 'bench'))))
    const theirs = await perSecond(200, async () => {
      for (let index = 0; index < 200; index += 1) bareCreate.immediate(next++)
    })
    shares.push(ours / theirs)
  }
  bare.close()

  const pairs = await fresh('pairs')
  await inFlight(count, (index) => pairs.tasks.create(task(index), 'bench'))
  const pairsPerSecond = await perSecond(count, () => work(pairs))

  const race = await fresh('race')
  await inFlight(count, (index) => race.tasks.create(task(index), 'bench'))
  const racers = Array.from({ length: 4 }, () =>
    spawn(process.execPath, [import.meta.filename, home, thousands, 'racer'], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  const outputs = racers.map((racer) => {
    const said: string[] = []
    racer.stdout.setEncoding('utf8').on('data', (text: string) => said.push(text))
    return said
  })
  while (!outputs.every((said) => said.join('').includes('ready'))) await sleep(5)
  const racedPerSecond = await perSecond(count, async () => {
    writeFileSync(join(home, 'go'), '')
    await Promise.all(racers.map((racer) => once(racer, 'exit')))
  })
  const completed = outputs.reduce((sum, said) => sum + Number(/completed (\d+)/.exec(said.join(''))?.[1]), 0)
  const { byState } = await race.board.stats()

  // Completing with many that wait for something else.
  const backlog = await fresh('backlog')
  const gate = (await backlog.tasks.create({ title: 'gate' }, 'bench')).task
  await inFlight(count, (index) => backlog.tasks.create({ ...task(index), parents: [{ id: gate.id }] }, 'bench'))
  const some = await Promise.all(Array.from({ length: 500 }, (_, index) => backlog.tasks.create(task(index), 'bench')))
  const completions = await times(some.length, (index) => backlog.tasks.complete(some[index]!.task.number, { summary: 'done' }, { actor: 'bench' }))
  const [parentMs] = await times(1, () => backlog.tasks.complete(gate.number, { summary: 'done' }, { actor: 'bench' }))

  const firstPage = await times(50, () => create.tasks.board({ limit: 50 }))
  const page = Buffer.from(JSON.stringify(await create.tasks.board({ limit: 50 })))
  const pageBytes = brotliCompressSync(page, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }).length

  const figures = {
    createPerSecond,
    loneShare: shares.toSorted((a, b) => a - b)[2]!,
    pairsPerSecond,
    racedPerSecond,
    doubled: completed - count,
    stranded: count - (byState.done ?? 0),
    completeP99Ms: at(completions, 0.99),
    parentMs: parentMs!,
    pageP99Ms: at(firstPage, 0.99),
    pageBytes,
  }
  await databases.close()
  console.log(JSON.stringify(figures))
}
