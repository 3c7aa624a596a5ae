import { codeOf, type Clock } from '@talaria/core'
import type { Database } from '../database.ts'
import { removeEndedOutbound } from './removals/ended-outbound.ts'
import { removeExpiredPairings } from './removals/expired-pairings.ts'
import { removeFinishedInbound } from './removals/finished-inbound.ts'
import { removeOldTransitions } from './removals/old-transitions.ts'
import { giveUpParkedOutbound } from './removals/parked-outbound.ts'
import { removeDeletedConversations } from './removals/deleted-conversations.ts'
import { removeDeletedSessions } from './removals/deleted-sessions.ts'
import { removeExpiredKeys } from './removals/expired-keys.ts'
import { removeRunsBefore } from './removals/old-runs.ts'
import { deleteSessionsBefore } from './removals/old-sessions.ts'
import type { RemovalStep, Removed } from './removals/removal-step.ts'
import { removeDeletedResponses, removeExpiredResponses } from './removals/responses.ts'
import { SearchIndex } from './search-index.ts'
import type { GatewayTables } from './tables.ts'

export interface RetentionPolicy {
  /** Sessions in which nothing happened for longer are removed; `undefined` keeps them for ever. */
  readonly sessionsMs: number | undefined
  /** Turns that ended longer ago are removed with their events; their messages stay. `undefined` keeps them for ever. */
  readonly runsMs: number | undefined
}

/** Removes what was deleted, has expired or is too old, a small step at a time. */
export class Retention {
  readonly #database: Database<GatewayTables>
  readonly #clock: Clock

  constructor(database: Database<GatewayTables>, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** Works until nothing is left to remove, or `signal` aborts. Returns how many rows it deleted or marked as deleted. */
  async sweep(policy: RetentionPolicy, signal?: AbortSignal): Promise<number> {
    let rows = 0
    for (const step of stepsOf(policy)) {
      let cursor: unknown
      do {
        if (signal?.aborted) return rows
        const removed = await this.#remove(step, cursor)
        rows += removed.rows
        cursor = removed.next
      } while (cursor !== undefined)
    }
    return rows
  }

  async #remove(step: RemovalStep, cursor: unknown): Promise<Removed> {
    const remove = () => this.#database.write((tx) => step(tx, this.#clock.now(), cursor))
    try {
      return await remove()
    } catch (error) {
      if (codeOf(error) !== 'INDEX_CORRUPT') throw error
      // A damaged index must not keep what is to go; it fills again from what stays.
      await new SearchIndex(this.#database).rebuild()
      return remove()
    }
  }
}

function stepsOf(policy: RetentionPolicy): readonly RemovalStep[] {
  return [
    removeExpiredKeys,
    removeFinishedInbound,
    giveUpParkedOutbound,
    removeEndedOutbound,
    removeOldTransitions,
    removeExpiredPairings,
    ...(policy.sessionsMs === undefined ? [] : [deleteSessionsBefore(policy.sessionsMs)]),
    removeDeletedResponses,
    removeExpiredResponses,
    ...(policy.runsMs === undefined ? [] : [removeRunsBefore(policy.runsMs)]),
    removeDeletedConversations,
    removeDeletedSessions,
  ]
}
