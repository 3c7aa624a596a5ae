import type { Clock } from '@talaria/core'
import type { Database } from '../database.ts'
import type { Runner } from './records.ts'
import type { GatewayTables } from './tables.ts'

/** The processes that run turns on this database: who is alive, and whose turns nobody runs any more. */
export class RunnerStore {
  readonly #database: Database<GatewayTables>
  readonly #clock: Clock

  constructor(database: Database<GatewayTables>, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  async register(runner: Pick<Runner, 'id' | 'host' | 'pid' | 'processStarted'>): Promise<void> {
    const now = this.#clock.now()
    await this.#database.write(async (tx) => {
      await tx
        .insertInto('runner')
        .values({ id: runner.id, host: runner.host, pid: runner.pid, process_started: runner.processStarted, started_at: now, heartbeat_at: now })
        .execute()
    })
  }

  /** Says that a runner lives; false when it was given up and removed. */
  heartbeat(id: string): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const { numUpdatedRows } = await tx.updateTable('runner').set({ heartbeat_at: now }).where('id', '=', id).executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }

  list(): Promise<readonly Runner[]> {
    return this.#database.read(async (db) => {
      const rows = await db.selectFrom('runner').selectAll().orderBy('started_at').execute()
      return rows.map((row) => ({
        id: row.id,
        host: row.host,
        pid: row.pid,
        processStarted: row.process_started,
        startedAt: row.started_at,
        heartbeatAt: row.heartbeat_at,
      }))
    })
  }

  async remove(id: string): Promise<void> {
    await this.#database.write(async (tx) => {
      await tx.deleteFrom('runner').where('id', '=', id).execute()
    })
  }
}
