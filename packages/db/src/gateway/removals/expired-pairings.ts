import { STEP_ROWS, untilNone } from './removal-step.ts'

/** A request that has expired still says when its user asked last, which limits how soon they may ask again. */
const KEPT_MS = 3_600_000

/** Requests to be paired that nobody approved in time. */
export const removeExpiredPairings = untilNone(async (tx, now) => {
  const rows = await tx
    .selectFrom('pairing_request')
    .select(['platform', 'user_id'])
    .where('expires_at', '<', now - KEPT_MS)
    .limit(STEP_ROWS)
    .execute()
  for (const row of rows) await tx.deleteFrom('pairing_request').where('platform', '=', row.platform).where('user_id', '=', row.user_id).execute()
  return rows.length
})
