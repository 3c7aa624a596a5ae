import { STEP_ROWS, untilNone } from './removal-step.ts'

/** How long a message that came in is known after its end. A platform that was away delivers again for a day; a week is on the safe side. */
const KEPT_MS = 7 * 24 * 3_600_000

/** Messages that came in and were finished so long ago that no duplicate of them will come. */
export const removeFinishedInbound = untilNone(async (tx, now) => {
  const rows = await tx
    .selectFrom('inbound')
    .select('position')
    .where('finished_at', '<', now - KEPT_MS)
    .limit(STEP_ROWS)
    .execute()
  for (const { position } of rows) await tx.deleteFrom('inbound').where('position', '=', position).execute()
  return rows.length
})
