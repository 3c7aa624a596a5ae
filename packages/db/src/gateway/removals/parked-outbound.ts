import { sql } from 'kysely'
import { STEP_ROWS, untilNone } from './removal-step.ts'

/** How long the outbox keeps what was sent, what was given up, and what waits for a chat to heal. */
export const OUTBOUND_KEPT_MS = 30 * 24 * 3_600_000

/** Gives up what has waited so long for a chat that takes nothing: it goes to the dead letters, where it can still be read. */
export const giveUpParkedOutbound = untilNone(async (tx, now) => {
  const rows = await tx
    .selectFrom('outbound')
    .select('position')
    .where(sql<boolean>`state = 'parked'`)
    .where('created_at', '<', now - OUTBOUND_KEPT_MS)
    .limit(STEP_ROWS)
    .execute()
  const end = { state: 'dead', code: 'parked', error: 'The chat took nothing for too long.', ended_at: now }
  for (const { position } of rows) await tx.updateTable('outbound').set(end).where('position', '=', position).execute()
  return rows.length
})
