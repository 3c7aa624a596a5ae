import { STEP_ROWS, untilNone } from './removal-step.ts'

const KEPT_MS = 30 * 24 * 3_600_000

/** What platforms went through so long ago; how they are doing now is known elsewhere. */
export const removeOldTransitions = untilNone(async (tx, now) => {
  const rows = await tx
    .selectFrom('platform_transition')
    .select('position')
    .where('at', '<', now - KEPT_MS)
    .limit(STEP_ROWS)
    .execute()
  for (const { position } of rows) await tx.deleteFrom('platform_transition').where('position', '=', position).execute()
  return rows.length
})
