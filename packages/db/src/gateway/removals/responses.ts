import { sql } from 'kysely'
import type { Transaction } from '../../scope.ts'
import type { GatewayTables } from '../tables.ts'
import { STEP_ROWS, type RemovalStep } from './removal-step.ts'

/** Where a page of responses ends; the next one begins below it. */
interface Place {
  readonly time: number
  readonly rowid: number
}

const TOP: Place = { time: Number.MAX_SAFE_INTEGER, rowid: Number.MAX_SAFE_INTEGER }

/** Responses that were deleted. Rows that a descendant needs stay until it is gone itself. */
export const removeDeletedResponses = removeResponses('deleted_at')

/** Responses whose time is over. Rows that a descendant needs stay until it is gone itself. */
export const removeExpiredResponses = removeResponses('expires_at')

/** Newest first, because descendants are younger: one pass takes a chain from its end, however long it is. */
function removeResponses(column: 'deleted_at' | 'expires_at'): RemovalStep {
  return async (tx, now, cursor) => {
    const below = (cursor as Place | undefined) ?? TOP
    const page = await tx
      .selectFrom('response')
      .select(['id', sql<number>`rowid`.as('rowid'), column])
      .where(column, '<=', now)
      .where(sql<boolean>`(${sql.ref(column)}, rowid) < (${below.time}, ${below.rowid})`)
      .orderBy(column, 'desc')
      .orderBy(sql`rowid`, 'desc')
      .limit(STEP_ROWS)
      .execute()
    let rows = 0
    for (const { id } of page) {
      rows += await removeUpwards(tx, id, now, STEP_ROWS - rows)
      // An ancestor that was passed over may have become a leaf.
      if (rows === STEP_ROWS) return { rows, next: TOP }
    }
    const last = page.at(-1)
    return { rows, next: page.length === STEP_ROWS && last ? { time: last[column], rowid: last.rowid } : undefined }
  }
}

/** Removes a response that has no descendant, then its parent if that may go and has no other, and so on. Returns how many went. */
async function removeUpwards(tx: Transaction<GatewayTables>, leaf: string, now: number, budget: number): Promise<number> {
  let id: string | null = leaf
  for (let rows = 0; ; rows++) {
    if (id === null || rows === budget) return rows
    const gone: { previous_response_id: string | null } | undefined = await tx
      .deleteFrom('response')
      .where('id', '=', id)
      .where(({ or, eb }) => or([eb('deleted_at', 'is not', null), eb('expires_at', '<=', now)]))
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('response as child').select('child.id').whereRef('child.previous_response_id', '=', 'response.id'))),
      )
      .returning('previous_response_id')
      .executeTakeFirst()
    if (!gone) return rows
    id = gone.previous_response_id
  }
}
