import { sql, type InsertResult, type UpdateResult } from 'kysely'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import { dayOf } from './board-store.ts'
import type { Spend } from './records.ts'
import type { BoardTables } from './tables.ts'

/** What an attempt has cost since it last said so. */
interface RunSpend {
  readonly runId: string
  readonly taskNumber: number
  readonly spend: Spend
}

/** Adds what attempts have cost to them and to their tasks, and all of it, with the time that they ran, to the day. */
export async function addSpend(tx: Transaction<BoardTables>, costs: readonly RunSpend[], at: number, ranMs = 0): Promise<void> {
  const total = { inputTokens: 0, outputTokens: 0, costMicros: 0 }
  for (const { runId, taskNumber, spend } of costs) {
    if (spend.inputTokens === 0 && spend.outputTokens === 0 && spend.costMicros === 0) continue
    await runQuery.run(tx, { id: runId, ...spend })
    await taskQuery.run(tx, { number: taskNumber, ...spend })
    total.inputTokens += spend.inputTokens
    total.outputTokens += spend.outputTokens
    total.costMicros += spend.costMicros
  }
  if (ranMs > 0 || total.inputTokens + total.outputTokens + total.costMicros > 0) await dayQuery.run(tx, { day: dayOf(at), ...total, ranMs })
}

const runQuery = new PreparedQuery<BoardTables, Spend & { readonly id: string }, UpdateResult>((tx, { id, inputTokens, outputTokens, costMicros }) =>
  tx
    .updateTable('run')
    .set((eb) => ({
      input_tokens: eb('input_tokens', '+', inputTokens),
      output_tokens: eb('output_tokens', '+', outputTokens),
      cost_micros: eb('cost_micros', '+', costMicros),
    }))
    .where('id', '=', id),
)

const taskQuery = new PreparedQuery<BoardTables, Spend & { readonly number: number }, UpdateResult>((tx, { number, inputTokens, outputTokens, costMicros }) =>
  tx
    .updateTable('task')
    .set((eb) => ({
      input_tokens: eb('input_tokens', '+', inputTokens),
      output_tokens: eb('output_tokens', '+', outputTokens),
      cost_micros: eb('cost_micros', '+', costMicros),
    }))
    .where('number', '=', number),
)

const dayQuery = new PreparedQuery<BoardTables, Spend & { readonly day: string; readonly ranMs: number }, InsertResult>(
  (tx, { day, inputTokens, outputTokens, costMicros, ranMs }) =>
    tx
      .insertInto('spend')
      .values({ day, input_tokens: inputTokens, output_tokens: outputTokens, cost_micros: costMicros, run_ms: ranMs })
      .onConflict((conflict) =>
        conflict.column('day').doUpdateSet({
          input_tokens: sql`input_tokens + excluded.input_tokens`,
          output_tokens: sql`output_tokens + excluded.output_tokens`,
          cost_micros: sql`cost_micros + excluded.cost_micros`,
          run_ms: sql`run_ms + excluded.run_ms`,
        }),
      ),
)
