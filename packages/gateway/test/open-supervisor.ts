import { silentLog, type Log } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import type { PlatformStore } from '@talaria/db'
import { openTestDatabases } from '@talaria/db/testing'
import type { ConnectContext, PlatformDefinition } from '../src/platforms/definition.ts'
import type { Platform } from '../src/platforms/platform.ts'
import { PlatformSupervisor, type PlatformSupervisorOptions } from '../src/platforms/supervisor.ts'

export interface TestSupervisor extends AsyncDisposable {
  readonly supervisor: PlatformSupervisor
  readonly clock: FakeClock
  /** Where states are written down, unless the test gave something else. */
  readonly store: PlatformStore
}

export interface TestSupervisorOptions {
  readonly definition: PlatformDefinition
  readonly clock?: FakeClock
  readonly random?: () => number
  readonly records?: PlatformSupervisorOptions['records']
  /** Shares the store of another one: the next process of one home. */
  readonly beside?: TestSupervisor
  readonly log?: Log
}

/** A supervisor over a real store, by a clock that stands still. Not started. */
export async function openSupervisor({
  definition,
  clock = new FakeClock(),
  random = () => 0,
  records,
  beside,
  log = silentLog,
}: TestSupervisorOptions): Promise<TestSupervisor> {
  await using stack = new AsyncDisposableStack()
  const store = beside?.store ?? stack.use(openTestDatabases()).databases.gateway.platforms
  const receive = async () => 'accepted' as const
  const supervisor = new PlatformSupervisor({ definition, settings: {}, receive, records: records ?? store, random, clock, log })
  stack.defer(async () => {
    let isOver = false
    const ended = supervisor[Symbol.asyncDispose]().finally(() => (isOver = true))
    // A disposal that hangs ends with its deadline, which is the clock's.
    while (!isOver) await clock.advance(1_000)
    await ended
  })
  const owned = stack.move()
  return { supervisor, clock, store, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** A platform that is nothing but what a test says of it. */
export function scriptedPlatform(
  connect: (context: ConnectContext) => Promise<Platform>,
  plan: PlatformDefinition['plan'] = () => ({ state: 'ready' }),
): PlatformDefinition {
  return { name: 'scripted', label: 'Scripted', settings: {}, plan, connect: (_settings, context) => connect(context) }
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
