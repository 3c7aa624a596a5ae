import { createId, silentLog } from '@talaria/core'
import { parseSchedule } from '@talaria/core/schedule'
import { FakeClock } from '@talaria/core/testing'
import type { CronJob, NewCronJob } from '@talaria/db'
import { createCron, type Cron } from '../src/cron/create-cron.ts'
import { planNext } from '../src/cron/plan-next.ts'
import { openTestTurns, type TestTurns } from './open-test-turns.ts'
import type { TestAgent } from './test-agent.ts'

/** Midnight of a Monday. */
export const START = Date.parse('2026-06-01T00:00:00Z')

/** A clock whose wall time can be set while what waits goes on waiting, as on a machine whose time is put right. */
export class WallClock extends FakeClock {
  #offsetMs = 0

  override now(): number {
    return super.now() + this.#offsetMs
  }

  override monotonic(): number {
    return super.now()
  }

  jump(ms: number): void {
    this.#offsetMs += ms
  }
}

export interface TestCronOptions {
  readonly agent?: TestAgent
  readonly maxParallel?: number
  /** Shares the database of another: a second gateway on one home. */
  readonly beside?: TestCron
  readonly clock?: WallClock
}

/** Cron over real turns and a real database, by a clock that the test turns; the database keeps its own time. */
export interface TestCron extends TestTurns {
  readonly cron: Cron
  readonly wall: WallClock
  /** Writes a job as the API does. */
  add(schedule: string, changes?: Partial<NewCronJob>): Promise<CronJob>
  /** Every run of a job, oldest first, as its hour (of slots), state and code. */
  history(job: CronJob): Promise<readonly (string | number)[][]>
}

export async function openTestCron({ beside, maxParallel = 4, clock = beside?.wall ?? new WallClock(START), agent }: TestCronOptions = {}): Promise<TestCron> {
  await using stack = new AsyncDisposableStack()
  const turns = stack.use(await openTestTurns({ ...(beside && { beside }), ...(agent && { agent }) }))
  const cron = stack.use(
    createCron({
      stores: turns.stores,
      turns: turns.turns,
      runner: turns.runner,
      clock,
      log: silentLog,
      defaultModel: 'talaria',
      maxParallel,
      runsKeptMs: 90 * 86_400_000,
      isPaused: async () => (await turns.stores.platforms.paused()).has('*'),
      defaults: { timezone: 'UTC', timeoutMs: 600_000 },
      platforms: ['telegram', 'irc'],
      maxLengthOn: () => 1_000,
      accountOn: (platform) => (platform === 'telegram' ? 'bot' : undefined),
      configuredHome: (platform) => (platform === 'irc' ? { chatId: '#home', threadId: '' } : undefined),
    }),
  )
  // As the gateway does: the turns are told to end before cron waits for them.
  stack.defer(() => turns.turns.drain(0))
  const owned = stack.move()
  return {
    ...turns,
    cron,
    wall: clock,
    async add(schedule, changes = {}) {
      const now = clock.now()
      const job = { ...DEFAULTS, id: createId('job'), schedules: [parseSchedule(schedule, { now, timezone: 'UTC' })], ...changes }
      return turns.stores.cron.create({ ...job, ...planNext(job, { now }) }, now)
    },
    async history(job) {
      const runs = await turns.stores.cronRuns.list(job.id, { limit: 200 })
      return runs
        .toSorted((a, b) => a.slot - b.slot)
        .map(({ slot, state, error }) => [(slot - START) / 3_600_000, state, error?.code].filter((part) => part !== undefined))
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const DEFAULTS = {
  owner: 'root',
  name: 'a job',
  prompt: 'Say hello',
  model: null,
  instructions: null,
  timezone: 'UTC',
  catchUp: 'one',
  maxLatenessMs: null,
  overlap: 'skip',
  jitterMs: 0,
  timeoutMs: 600_000,
  retries: 0,
  retryBackoffMs: 60_000,
  retryUnknown: false,
  repeat: null,
  deliver: ['session'],
  origin: null,
  approvals: 'deny',
} as const
