import type { Transaction } from '../scope.ts'
import type { StoredItem } from './records.ts'
import type { GatewayTables } from './tables.ts'

/** Adds items at a conversation's end, unless it was deleted meanwhile; one whose id is there already stays where it is. */
export async function appendConversationItems(tx: Transaction<GatewayTables>, conversationId: string, items: readonly StoredItem[]): Promise<void> {
  const conversation = await tx.selectFrom('conversation').select('id').where('id', '=', conversationId).where('deleted_at', 'is', null).executeTakeFirst()
  if (!conversation) return
  for (const item of items) {
    await tx
      .insertInto('conversation_item')
      .values({ conversation_id: conversationId, id: item.id, item: JSON.stringify(item) })
      .onConflict((conflict) => conflict.columns(['conversation_id', 'id']).doNothing())
      .execute()
  }
}

/** The session in which a conversation's turns run: that of its first. */
export async function setConversationSession(tx: Transaction<GatewayTables>, conversationId: string, sessionId: string): Promise<void> {
  await tx.updateTable('conversation').set({ session_id: sessionId }).where('id', '=', conversationId).where('session_id', 'is', null).execute()
}
