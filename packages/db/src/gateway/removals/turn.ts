import type { Transaction } from '../../scope.ts'
import type { GatewayTables } from '../tables.ts'
import { STEP_ROWS } from './removal-step.ts'

/** Removes a turn, or as many of its events as fit into one step. Returns how many rows went. */
export async function removeTurn(tx: Transaction<GatewayTables>, id: string): Promise<number> {
  const events = await tx.selectFrom('turn_event').select('seq').where('turn_id', '=', id).orderBy('seq').limit(STEP_ROWS).execute()
  const last = events.at(-1)
  if (last) await tx.deleteFrom('turn_event').where('turn_id', '=', id).where('seq', '<=', last.seq).execute()
  if (events.length === STEP_ROWS) return STEP_ROWS
  await tx.deleteFrom('turn').where('id', '=', id).execute()
  return events.length + 1
}
