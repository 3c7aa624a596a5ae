import { startLoop, type Clock, type Log } from '@talaria/core'
import type { Databases, GatewayStores, RetentionPolicy, Turn } from '@talaria/db'
import type { Chats } from './chats/chats.ts'
import { recoverTurns } from './turns/recover-turns.ts'
import type { Runner } from './turns/runner.ts'
import type { Turns } from './turns/turns.ts'

const RETENTION_EVERY_MS = 10 * 60_000
const RECOVERY_EVERY_MS = 15_000

/** How far search may be behind; each catch-up costs one commit, and more at once cost less. */
const SEARCH_EVERY_MS = 500

export interface HousekeepingOptions {
  readonly databases: Databases
  readonly stores: GatewayStores
  readonly runner: Runner
  readonly turns: Turns
  readonly chats: Pick<Chats, 'settlementOf' | 'adopt'>
  readonly retention: RetentionPolicy
  readonly integrityCheckEveryMs: number | undefined
  readonly clock: Clock
  readonly log: Log
}

/** What a gateway does for its database beside answering: one loop each, none of which can stop another. */
export function startHousekeeping(options: HousekeepingOptions): AsyncDisposable {
  const { databases, stores, runner, turns, chats, retention, integrityCheckEveryMs, clock, log } = options
  const loops = new AsyncDisposableStack()
  const start = (name: string, everyMs: number, step: (signal: AbortSignal) => Promise<unknown>, firstAfterMs = everyMs) => {
    loops.use(startLoop({ name, everyMs, firstAfterMs, clock, log, step: async (signal) => void (await step(signal)) }))
  }
  const recovery = {
    stores,
    runner,
    owns: (id: string) => turns.owns(id),
    chatOf: (turn: Turn) => chats.settlementOf(turn),
    onGone: (dead: string) => chats.adopt(dead),
    clock,
    log,
  }
  start('recovery', RECOVERY_EVERY_MS, () => recoverTurns(recovery), 0)
  start('search index', SEARCH_EVERY_MS, (signal) => stores.searchIndex.catchUp(signal))
  start('retention', RETENTION_EVERY_MS, (signal) => stores.retention.sweep(retention, signal))
  if (integrityCheckEveryMs !== undefined) start('integrity check', integrityCheckEveryMs, (signal) => databases.checkIntegrity(signal))
  return loops
}
