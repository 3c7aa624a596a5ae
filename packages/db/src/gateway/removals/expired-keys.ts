import { STEP_ROWS, untilNone } from './removal-step.ts'

/** Idempotency keys whose time is over. */
export const removeExpiredKeys = untilNone(async (tx, now) => {
  const rows = await tx.selectFrom('idempotency_key').select(['scope', 'key']).where('expires_at', '<=', now).limit(STEP_ROWS).execute()
  for (const row of rows) await tx.deleteFrom('idempotency_key').where('scope', '=', row.scope).where('key', '=', row.key).execute()
  return rows.length
})
