import { createId, silentLog, systemClock, type Clock } from '@talaria/core'
import type { Databases, GatewayStores } from '@talaria/db'
import { openTestDatabases } from '@talaria/db/testing'
import type { LiveTurn } from '../src/turns/live-turn.ts'
import { Runner } from '../src/turns/runner.ts'
import type { StartTurn } from '../src/turns/start-turn.ts'
import { Turns } from '../src/turns/turns.ts'
import { TestAgent } from './test-agent.ts'

export interface TestTurnsOptions {
  readonly agent?: TestAgent
  readonly clock?: Clock
  readonly maxConcurrent?: number
  readonly hasRoom?: () => boolean
  /** Shares the databases of others: another process of the same home. */
  readonly beside?: TestTurns
  /** Puts something between the turns and their stores. */
  readonly between?: (stores: GatewayStores) => GatewayStores
}

/** Turns over a real database, without HTTP. Disposing drains them. */
export interface TestTurns extends AsyncDisposable {
  readonly turns: Turns
  readonly runner: Runner
  readonly databases: Databases
  readonly stores: GatewayStores
  readonly agent: TestAgent
  readonly clock: Clock
  /** Starts a turn with one message: of a new session, unless one is named. */
  begin(text: string, input?: Partial<StartTurn> & { readonly sessionId?: string }): Promise<LiveTurn>
}

export async function openTestTurns({
  clock = systemClock,
  agent = new TestAgent(),
  beside,
  between,
  maxConcurrent = 0,
  hasRoom = () => true,
}: TestTurnsOptions = {}): Promise<TestTurns> {
  await using stack = new AsyncDisposableStack()
  const databases = beside ? beside.databases : stack.use(openTestDatabases()).databases
  const stores = between ? between(databases.gateway) : databases.gateway
  const runner = stack.use(new Runner({ runners: stores.runners, turns: stores.turns, clock, log: silentLog }))
  const turns = new Turns({ stores, agent, runner, clock, log: silentLog, maxConcurrent, hasRoom })
  stack.defer(() => turns.drain(0))
  const owned = stack.move()
  return {
    turns,
    runner,
    databases,
    stores: databases.gateway,
    agent,
    clock,
    begin: (text, { sessionId, ...input } = {}) =>
      turns.start({
        owner: 'root',
        kind: 'run',
        model: 'talaria',
        session: sessionId === undefined ? { create: { id: createId('ses'), owner: 'root', source: 'api' } } : { id: sessionId },
        messages: [{ id: createId('msg'), role: 'user', content: text }],
        history: 'stored',
        agent: {},
        request: {},
        ...input,
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
