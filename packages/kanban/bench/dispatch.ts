/**
 * Measures a dispatcher on a disk and prints JSON. Arguments: a folder, a thousandth of how many tasks run meanwhile (10
 * for the figures of the documentation), and how many ticks are made to look for what is left open.
 */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { silentLog, systemClock as clock } from '@talaria/core'
import { loadSettings } from '@talaria/core/config'
import { descriptorsOf } from '@talaria/core/testing'
import { openDatabases } from '@talaria/db'
import { Dispatcher } from '../src/dispatcher/dispatcher.ts'
import { kanbanSettings } from '../src/settings.ts'
import { TwinExecutor, type TwinWork } from '../src/workers/twin-executor.ts'
import { BUILT_IN_AGENT } from '../src/workers/worker-definition.ts'
import { WorkerPool } from '../src/workers/worker-pool.ts'

const BOARDS = 10

const [folder = '.', thousands = '10', ticks = '10000'] = process.argv.slice(2)
const home = mkdtempSync(join(folder, 'dispatch-'))
const databases = openDatabases({
  service: 'kanban',
  locations: { gateway: { file: join(home, 'gateway.db') }, boards: join(home, 'boards') },
  clock,
  log: silentLog,
})
const slugs = Array.from({ length: BOARDS }, (_, index) => `board${index}`)
for (const slug of slugs) await databases.boards.create({ slug }, 'bench')
const storesOf = (slug: string) => databases.board(slug)
const settings = {
  ...(await loadSettings(kanbanSettings, { env: {}, home })),
  tick: 3_600_000,
  maxRunningPerBoard: 1_000_000,
  maxRunningPerAssignee: 1_000_000,
}

let onSpawn: (() => void) | undefined
const work: TwinWork = async ({ claim }) => {
  onSpawn?.()
  await storesOf(claim.board).claims.complete(claim, { summary: 'done' })
}
const pool: WorkerPool = new WorkerPool({
  executor: new TwinExecutor(work),
  storesOf,
  workerOf: () => BUILT_IN_AGENT,
  prepare: async () => home,
  socket: '',
  logsFolder: home,
  stopGraceMs: 1_000,
  failed: (claim, failure) => dispatcher.failed(claim, failure),
  onFreed: () => dispatcher.wake(),
  clock,
  log: silentLog,
})
const dispatcher: Dispatcher = new Dispatcher({
  id: 'bench',
  boards: databases.boards,
  storesOf,
  pool,
  settings,
  workerOf: () => BUILT_IN_AGENT,
  maxRunning: () => 1_000_000,
  memoryPressure: () => 'none',
  isPaused: () => false,
  random: Math.random,
  clock,
  log: silentLog,
})
dispatcher.start()
await clock.delay(200)

/** From the moment that a task has been made to the call that spawns its worker, on an idle dispatcher. */
async function readyToSpawned(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>()
  onSpawn = resolve
  await storesOf('board0').tasks.create({ title: 'soon', assignee: 'agent' }, 'bench')
  const begun = performance.now()
  await promise
  const tookMs = performance.now() - begun
  await clock.delay(15)
  return tookMs
}

const latencies: number[] = []
for (let index = 0; index < 200; index += 1) latencies.push(await readyToSpawned())
onSpawn = undefined

const perBoard = (Number(thousands) * 1_000) / BOARDS
for (const slug of slugs) {
  const { tasks, claims } = storesOf(slug)
  // Claimed by somebody else and alive: there is nothing for this dispatcher to do.
  await storesOf(slug).board.pause('filling', 'bench')
  await Promise.all(Array.from({ length: perBoard }, (_, index) => tasks.create({ title: `runs ${index}`, assignee: 'agent' }, 'bench')))
  await storesOf(slug).board.resume('bench')
  const tokenHashes = Array.from({ length: perBoard }, (_, index) => String(index))
  await claims.claimMany({ dispatcher: 'other', host: 'elsewhere', now: Date.now(), leaseMs: 3_600_000, caps: {}, executorOf: () => 'agent', tokenHashes })
}
await clock.delay(500)
for (let index = 0; index < 50; index += 1) await dispatcher.pass()
const before = await descriptorsOf()
const passes: number[] = []
for (let index = 0; index < Number(ticks); index += 1) {
  const begun = performance.now()
  await dispatcher.pass()
  passes.push(performance.now() - begun)
}
const after = await descriptorsOf()
await dispatcher[Symbol.asyncDispose]()
await pool[Symbol.asyncDispose]()
await databases.close()
const p = (values: readonly number[], share: number) => values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!
console.log(
  JSON.stringify({
    spawnP99Ms: p(latencies, 0.99),
    spawnP50Ms: p(latencies, 0.5),
    tickP50Ms: p(passes, 0.5),
    tickP99Ms: p(passes, 0.99),
    opened: JSON.stringify(before) === JSON.stringify(after) ? 0 : 1,
  }),
)
