import { STEP_ROWS, type RemovalStep } from './removal-step.ts'
import { removeTurn } from './turn.ts'

/** Turns that ended so long ago, with their events; what was said in them stays. */
export function removeRunsBefore(ageMs: number): RemovalStep {
  return async (tx, now, cursor) => {
    const before = now - ageMs
    const after = (cursor as string | undefined) ?? ''
    // Ids sort by age, so the oldest turns are the first of the table; those that never end are passed by.
    const page = await tx
      .selectFrom('turn')
      .select(['id', 'finished_at'])
      .where('id', '>', after)
      .where('created_at', '<', before)
      .orderBy('id')
      .limit(STEP_ROWS)
      .execute()
    let rows = 0
    for (const { id, finished_at } of page) {
      if (finished_at !== null && finished_at < before) rows += await removeTurn(tx, id)
      // What is left of this page comes up again.
      if (rows >= STEP_ROWS) return { rows, next: after }
    }
    return { rows, next: page.length === STEP_ROWS ? page.at(-1)!.id : undefined }
  }
}
