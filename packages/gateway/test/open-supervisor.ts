import { silentLog, type Log } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import type { GatewayStores, PlatformStore } from '@talaria/db'
import { openTestDatabases } from '@talaria/db/testing'
import { AccountLeases } from '../src/platforms/account-leases.ts'
import type { ConnectContext, PlatformDefinition } from '../src/platforms/definition.ts'
import type { Platform } from '../src/platforms/platform.ts'
import { PlatformSupervisor, type PlatformSupervisorOptions } from '../src/platforms/supervisor.ts'
import { Runner } from '../src/turns/runner.ts'

export interface TestSupervisor extends AsyncDisposable {
  readonly supervisor: PlatformSupervisor
  readonly clock: FakeClock
  /** Where states are written down, unless the test gave something else. */
  readonly store: PlatformStore
  readonly stores: GatewayStores
  /** As the process is known to the others of its home. */
  readonly runner: Runner
}

export interface TestSupervisorOptions {
  readonly definition: PlatformDefinition
  readonly clock?: FakeClock
  readonly random?: () => number
  readonly records?: PlatformSupervisorOptions['records']
  /** Those of a home that others use too, or the next process. */
  readonly stores?: GatewayStores
  readonly log?: Log
}

/** A supervisor over a real store, by a clock that stands still. Not started. */
export async function openSupervisor({
  definition,
  clock = new FakeClock(),
  random = () => 0,
  records,
  stores: given,
  log = silentLog,
}: TestSupervisorOptions): Promise<TestSupervisor> {
  await using stack = new AsyncDisposableStack()
  const stores = given ?? stack.use(openTestDatabases()).databases.gateway
  const store = stores.platforms
  const runner = new Runner({ runners: stores.runners, turns: stores.turns, clock, log })
  const leases = new AccountLeases({ store: stores.platformLeases, runner, clock, log })
  const receive = async () => 'accepted' as const
  const supervisor = new PlatformSupervisor({ definition, settings: {}, receive, records: records ?? store, leases, random, clock, log })
  stack.defer(async () => {
    let isOver = false
    const ended = supervisor[Symbol.asyncDispose]().finally(() => (isOver = true))
    // A disposal that hangs ends with its deadline, which is the clock's.
    while (!isOver) await clock.advance(1_000)
    await ended
  })
  const owned = stack.move()
  return { supervisor, clock, store, stores, runner, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** A platform that is nothing but what a test says of it. */
export function scriptedPlatform(
  connect: (context: ConnectContext) => Promise<Platform>,
  plan: PlatformDefinition['plan'] = () => ({ state: 'ready' }),
): PlatformDefinition {
  return { name: 'scripted', label: 'Scripted', settings: {}, plan, accountOf: () => undefined, connect: (_settings, context) => connect(context) }
}

/** Something to be connected to that never fails by itself. */
export function scriptedConnection(probe: Platform['probe'] = async () => {}): Platform {
  return {
    account: 'bot',
    capabilities: {
      threads: false,
      edits: false,
      typing: false,
      reactions: false,
      files: false,
      voice: false,
      maxLength: 1_000,
      markup: 'plain',
      editEveryMs: 0,
      commandPrefix: '/',
    },
    send: async () => ({ messageId: '1' }),
    probe,
  }
}
