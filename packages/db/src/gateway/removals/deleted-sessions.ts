import { STEP_ROWS, untilNone } from './removal-step.ts'
import { removeTurn } from './turn.ts'

/** A fork is a deleted session while it is being copied. */
const FORK_MS = 60 * 60_000

/** Sessions that were deleted an hour ago, with their messages, their turns, the routes that lead to them, and what the search index knows of them. */
export const removeDeletedSessions = untilNone(async (tx, now) => {
  const session = await tx
    .selectFrom('session')
    .select('id')
    .where('deleted_at', '<', now - FORK_MS)
    .limit(1)
    .executeTakeFirst()
  if (!session) return 0
  const messages = await tx.selectFrom('message').select('position').where('session_id', '=', session.id).limit(STEP_ROWS).execute()
  for (const { position } of messages) {
    await tx.deleteFrom('message_fts').where('rowid', '=', position).execute()
    await tx.deleteFrom('message').where('position', '=', position).execute()
  }
  if (messages.length === STEP_ROWS) return STEP_ROWS
  const turn = await tx.selectFrom('turn').select('id').where('session_id', '=', session.id).limit(1).executeTakeFirst()
  if (turn) return messages.length + (await removeTurn(tx, turn.id))
  // Whoever writes in such a chat begins a new session anyway; what was chosen for the old one goes with it.
  await tx.deleteFrom('route').where('session_id', '=', session.id).execute()
  await tx.deleteFrom('session').where('id', '=', session.id).execute()
  return messages.length + 1
})
