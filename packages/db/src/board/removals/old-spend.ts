import { sql } from 'kysely'
import type { Database } from '../../database.ts'
import type { BoardTables } from '../tables.ts'

/**
 * Adds days from before a day to one row for their year, which is named by the year alone: what a board has cost in all
 * is the sum of its rows, and a budget must not come back because time has passed.
 */
export async function foldSpend(database: Database<BoardTables>, before: string): Promise<void> {
  const isOld = sql<boolean>`length(day) = 10 and day < ${before}`
  const old = await database.read((db) => db.selectFrom('spend').select('day').where(isOld).limit(1).executeTakeFirst())
  if (!old) return
  await database.write(async (tx) => {
    await tx
      .insertInto('spend')
      .columns(['day', 'input_tokens', 'output_tokens', 'cost_micros', 'run_ms'])
      .expression(
        tx
          .selectFrom('spend')
          .select((eb) => [
            sql<string>`substr(day, 1, 4)`.as('year'),
            eb.fn.sum<number>('input_tokens').as('input_tokens'),
            eb.fn.sum<number>('output_tokens').as('output_tokens'),
            eb.fn.sum<number>('cost_micros').as('cost_micros'),
            eb.fn.sum<number>('run_ms').as('run_ms'),
          ])
          .where(isOld)
          .groupBy('year'),
      )
      .onConflict((conflict) =>
        conflict.column('day').doUpdateSet({
          input_tokens: sql`input_tokens + excluded.input_tokens`,
          output_tokens: sql`output_tokens + excluded.output_tokens`,
          cost_micros: sql`cost_micros + excluded.cost_micros`,
          run_ms: sql`run_ms + excluded.run_ms`,
        }),
      )
      .execute()
    await tx.deleteFrom('spend').where(isOld).execute()
  })
}
