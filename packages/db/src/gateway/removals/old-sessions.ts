import { STEP_ROWS, untilNone, type RemovalStep } from './removal-step.ts'

/** Deletes sessions in which nothing has happened for so long, unless they are pinned; their rows go by `removeDeletedSessions`. */
export function deleteSessionsBefore(ageMs: number): RemovalStep {
  return untilNone(async (tx, now) => {
    const rows = await tx
      .selectFrom('session')
      .select('id')
      .where('deleted_at', 'is', null)
      // All values of two flags, so that the index of the list is of use.
      .where('archived', 'in', [0, 1])
      .where('hidden', 'in', [0, 1])
      .where('pinned', '=', 0)
      .where('updated_at', '<', now - ageMs)
      .limit(STEP_ROWS)
      .execute()
    for (const { id } of rows) {
      await tx.updateTable('session').set({ deleted_at: now }).where('id', '=', id).execute()
      await tx.updateTable('response').set({ deleted_at: now }).where('session_id', '=', id).where('deleted_at', 'is', null).execute()
    }
    return rows.length
  })
}
