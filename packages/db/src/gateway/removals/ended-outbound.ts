import { OUTBOUND_KEPT_MS } from './parked-outbound.ts'
import { STEP_ROWS, untilNone } from './removal-step.ts'

/** Rows of the outbox that were sent or given up so long ago. */
export const removeEndedOutbound = untilNone(async (tx, now) => {
  const rows = await tx
    .selectFrom('outbound')
    .select('position')
    .where('ended_at', '<', now - OUTBOUND_KEPT_MS)
    .limit(STEP_ROWS)
    .execute()
  for (const { position } of rows) await tx.deleteFrom('outbound').where('position', '=', position).execute()
  return rows.length
})
