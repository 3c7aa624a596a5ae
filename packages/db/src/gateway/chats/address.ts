import { sql, type RawBuilder } from 'kysely'
import type { ChatAddress } from '../records.ts'
import type { AddressColumns } from './chat-tables.ts'

/** An address as the values of a prepared query, or of a row. */
export function addressColumns({ platform, account, chatId, threadId }: ChatAddress): AddressColumns {
  return { platform, account, chat_id: chatId, thread_id: threadId }
}

/** The address that a row is at. */
export function addressOf({ platform, account, chat_id, thread_id }: AddressColumns): ChatAddress {
  return { platform, account, chatId: chat_id, threadId: thread_id }
}

/** Narrows a query to the rows of one place. */
export function isAt({ platform, account, chat_id, thread_id }: AddressColumns): RawBuilder<boolean> {
  return sql<boolean>`(platform = ${platform} and account = ${account} and chat_id = ${chat_id} and thread_id = ${thread_id})`
}
