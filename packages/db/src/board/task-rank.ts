import { sql, type RawBuilder } from 'kysely'

/** An hour of waiting is worth one step of priority. */
const AGEING_MS = 3_600_000

/**
 * The place of a task in the order in which tasks are begun, larger first: priority and age in one number that stays the
 * same as time passes, so that the order is an index.
 */
export function rankOf(priority: number, readyAt: number | null): number {
  return readyAt === null ? 0 : priority * AGEING_MS - readyAt
}

/** The same in SQL. */
export function rankSql(priority: RawBuilder<unknown>, readyAt: RawBuilder<unknown>): RawBuilder<number> {
  return sql<number>`(${priority} * ${sql.lit(AGEING_MS)} - ${readyAt})`
}
