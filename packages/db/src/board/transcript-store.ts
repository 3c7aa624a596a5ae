import { sql } from 'kysely'
import type { Clock } from '@talaria/core'
import type { Database } from '../database.ts'
import { requireCurrent } from './claim-current.ts'
import type { Claim, TranscriptEntry } from './records.ts'
import type { BoardTables } from './tables.ts'

/** What a worker says while it works. `seq` is the worker's own count: the same entry sent twice is there once. */
export type NewTranscriptEntry = Omit<TranscriptEntry, 'at'>

/** What workers say while they work, run by run. */
export class TranscriptStore {
  readonly #database: Database<BoardTables>
  readonly #clock: Clock

  constructor(database: Database<BoardTables>, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** Adds what is new of these. @throws BoardError `CLAIM_LOST` */
  async append(claim: Claim, entries: readonly NewTranscriptEntry[]): Promise<void> {
    if (entries.length === 0) return
    const at = this.#clock.now()
    await this.#database.write(async (tx) => {
      await requireCurrent(tx, claim)
      await tx
        .insertInto('transcript')
        .columns(['run_id', 'seq', 'kind', 'body', 'at'])
        .expression(
          tx
            .selectFrom(sql<{ value: string }>`json_each(${JSON.stringify(entries)})`.as('entry'))
            .select([
              sql<string>`${claim.runId}`.as('run_id'),
              sql<number>`value ->> 'seq'`.as('seq'),
              sql<string>`value ->> 'kind'`.as('kind'),
              sql<string>`value ->> 'body'`.as('body'),
              sql<number>`${at}`.as('at'),
            ])
            // SQLite takes `on conflict` for a join's condition without it.
            .where(sql<boolean>`true`),
        )
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    })
  }

  /** In order, after `after`. */
  list(runId: string, { after = -1, limit }: { readonly after?: number; readonly limit: number }): Promise<readonly TranscriptEntry[]> {
    return this.#database.read((db) =>
      db
        .selectFrom('transcript')
        .select(['seq', 'kind', 'body', 'at'])
        .where('run_id', '=', runId)
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(limit)
        .execute(),
    )
  }
}
