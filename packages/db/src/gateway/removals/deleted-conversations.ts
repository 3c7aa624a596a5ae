import { STEP_ROWS, untilNone } from './removal-step.ts'

/** Conversations that were deleted, with their items. */
export const removeDeletedConversations = untilNone(async (tx) => {
  const conversation = await tx.selectFrom('conversation').select('id').where('deleted_at', 'is not', null).limit(1).executeTakeFirst()
  if (!conversation) return 0
  const items = await tx.selectFrom('conversation_item').select('position').where('conversation_id', '=', conversation.id).limit(STEP_ROWS).execute()
  for (const { position } of items) await tx.deleteFrom('conversation_item').where('position', '=', position).execute()
  if (items.length < STEP_ROWS) await tx.deleteFrom('conversation').where('id', '=', conversation.id).execute()
  return items.length + 1
})
