import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { silentLog, type Clock } from '@talaria/core'
import { freePort, until } from '@talaria/core/testing'
import { openDatabases, type BoardStores } from '@talaria/db'
import { temporaryHome } from '@talaria/db/testing'
import { Random } from '../../testing/random.ts'
import type { Finding } from '../verdict.ts'
import { judgeTasks, type TaskRecord } from './judge-tasks.ts'
import { MortalDispatchers } from './mortal-dispatchers.ts'

export interface KanbanSoakOptions {
  readonly minutes: number
  /** How often a dispatcher is killed, how often a worker is, and how often one is stopped past its lease and goes on. */
  readonly kills: number
  readonly seed: number
  /** Tasks a second. */
  readonly rate: number
  readonly clock: Clock
  readonly onLine: (line: string) => void
}

export interface KanbanSoakOutcome {
  readonly tasks: number
  readonly attempts: number
  readonly killed: { readonly dispatchers: number; readonly workers: number; readonly stopped: number }
  readonly faults: readonly string[]
  readonly findings: readonly Finding[]
}

/** Longer than a lease: whoever is stopped for so long has lost its task. */
const STOPPED_MS = 4_500

/** For the last back-offs, which grow to minutes after many failures. */
const END_MS = 10 * 60_000

/** What each worker does: a moment of work, then its own attempt as the result. */
const COMMAND = ['sh', '-c', 'sleep 0.$(($$ % 9 + 1)); echo "attempt $TALARIA_ATTEMPT"']

/** Two dispatchers and their workers, killed and stopped at random while tasks come in; how every one of those ended. */
export async function runKanbanSoak({ minutes, kills, seed, rate, clock, onLine }: KanbanSoakOptions): Promise<KanbanSoakOutcome> {
  using home = temporaryHome()
  const random = new Random(seed)
  const env = {
    KANBAN_PORT: String(await freePort()),
    KANBAN_KEY: randomBytes(24).toString('hex'),
    KANBAN_WORKERS: JSON.stringify({ sh: { executor: 'command', command: COMMAND } }),
  }
  await using databases = openDatabases({
    service: 'cli',
    locations: { gateway: { file: home.file('gateway.db') }, boards: home.file('boards') },
    clock,
    log: silentLog,
  })
  await using dispatchers = new MortalDispatchers(home.path, env)
  await dispatchers.start()
  await dispatchers.start()
  const stores = databases.board('default')

  const endsAt = clock.monotonic() + minutes * 60_000
  let [made, acts] = [0, 0]
  const killed = { dispatchers: 0, workers: 0, stopped: 0 }
  const making = (async () => {
    while (clock.monotonic() < endsAt) {
      made += 1
      await stores.tasks.create(
        { title: `task ${made}`, assignee: 'sh', ...(random.chance(0.2) && made > 1 && { parents: [{ id: String(made - 1) }] }) },
        'soak',
      )
      await clock.delay(1_000 / rate)
      onLine(`${made} tasks, ${acts} of ${kills} blows`)
    }
  })()
  const wait = (minutes * 60_000) / (kills + 1)
  for (; acts < kills; acts += 1) {
    await clock.delay(wait * (0.5 + random.next()))
    const workers = workersOf(home.path)
    const blow = random.pick(['dispatcher', 'worker', 'stop'])
    if (blow === 'dispatcher' || workers.length === 0) {
      await dispatchers.killAndReplace(random.integer(0, 1))
      killed.dispatchers += 1
    } else if (blow === 'worker') {
      strike(random.pick(workers), 'SIGKILL')
      killed.workers += 1
    } else {
      const worker = random.pick(workers)
      strike(worker, 'SIGSTOP')
      void clock.delay(STOPPED_MS).then(() => strike(worker, 'SIGCONT'))
      killed.stopped += 1
    }
  }
  await making
  await until('every task has ended', END_MS, async () => {
    const { byState } = await stores.board.stats()
    onLine(`${made} tasks, ${byState.done ?? 0} done`)
    return (byState.done ?? 0) === made
  }).catch(() => undefined)
  const records = await recordsOf(stores, made)
  const faults = judgeTasks(records)
  await until('no worker is left', 30_000, () => workersOf(home.path).length === 0).catch(() => undefined)
  const left = workersOf(home.path).length
  const open = dispatchers.descriptors().map((paths) => paths.filter((path) => path.startsWith(home.path)))
  return {
    tasks: made,
    attempts: records.reduce((sum, { runs }) => sum + runs.length, 0),
    killed,
    faults,
    findings: [
      { what: 'every task has ended exactly once, by the claim that was current', holds: faults.length === 0, detail: faults[0] ?? `${made} tasks` },
      { what: 'no worker is left', holds: left === 0, detail: `${left} left` },
      {
        what: 'a dispatcher holds its board and nothing of its workers',
        holds: open.every((paths) => paths.length <= 5),
        detail: open.map((paths) => `${paths.length} files`).join(', '),
      },
    ],
  }
}

async function recordsOf(stores: BoardStores, count: number): Promise<readonly TaskRecord[]> {
  const records: TaskRecord[] = []
  for (let number = 1; number <= count; number += 1) {
    const task = await stores.tasks.get(number)
    if (task)
      records.push({ task, runs: await stores.claims.ofTask(number), events: await stores.events.since({ after: 0, limit: 1_000, taskNumber: number }) })
  }
  return records
}

/** Workers of this home: whoever has its worker's program and sees that home. */
function workersOf(home: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => textOf(`/proc/${pid}/cmdline`).includes('worker-main') && textOf(`/proc/${pid}/environ`).includes(`TALARIA_HOME=${home}\0`))
    .map(Number)
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function strike(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}
