import type { Clock } from '@talaria/core'
import { sql, type InsertResult, type Selectable } from 'kysely'
import type { Database, Source } from '../../database.ts'
import { encodeJson } from '../../json-column.ts'
import { PreparedQuery } from '../../prepared-query.ts'
import type { Transaction } from '../../scope.ts'
import type { ChatAddress } from '../records.ts'
import type { GatewayTables } from '../tables.ts'
import { addressColumns, isAt } from './address.ts'
import type { Chat, ChatKind, ChatSettings } from './chat-records.ts'
import { chatOf, healChat, insertChat } from './chat-rows.ts'
import type { AddressColumns, ChatTable } from './chat-tables.ts'
import { parkPending } from './outbound-queue.ts'

/** How exactly it is known when somebody was last heard in a chat: a write for every message would be in vain. */
const SEEN_EVERY_MS = 60_000

export interface ChatQuery {
  readonly limit: number
  readonly platform?: string
  readonly homeOnly?: boolean
  /** The last one of the page before. */
  readonly after?: ChatAddress
}

/** What was heard of a chat. */
export interface ChatSeen {
  readonly kind: ChatKind
  readonly name?: string | null
  readonly parentChatId?: string | null
}

/** The directory of chats. */
export class ChatReader {
  protected readonly source: Source<GatewayTables>

  constructor(source: Source<GatewayTables>) {
    this.source = source
  }

  get(address: ChatAddress): Promise<Chat | undefined> {
    return this.source.read(async (db) => {
      const row = await findQuery.first(db, addressColumns(address))
      return row && chatOf(row)
    })
  }

  /** By platform, account, chat and thread. */
  list({ platform, homeOnly = false, after, limit }: ChatQuery): Promise<readonly Chat[]> {
    return this.source.read(async (db) => {
      const rows = await db
        .selectFrom('chat')
        .selectAll()
        .$if(platform !== undefined, (select) => select.where('platform', '=', platform!))
        .$if(homeOnly, (select) => select.where('is_home', '=', sql.lit(1)))
        .$if(after !== undefined, (select) =>
          select.where(sql<boolean>`(platform, account, chat_id, thread_id) > (${after!.platform}, ${after!.account}, ${after!.chatId}, ${after!.threadId})`),
        )
        .orderBy('platform')
        .orderBy('account')
        .orderBy('chat_id')
        .orderBy('thread_id')
        .limit(limit)
        .execute()
      return rows.map(chatOf)
    })
  }

  /** Where messages of a platform go that answer nobody. */
  async home(platform: string): Promise<Chat | undefined> {
    return (await this.list({ platform, homeOnly: true, limit: 1 }))[0]
  }
}

/** Where people talk: the directory of chats, the homes among them, those that take nothing any more, and what is set for each. */
export class ChatStore extends ChatReader {
  readonly #database: Database<GatewayTables>
  readonly #clock: Clock

  constructor(database: Database<GatewayTables>, clock: Clock) {
    super(database)
    this.#database = database
    this.#clock = clock
  }

  /** Enters a chat into the directory, or what has changed of it; writes once a minute at most for one that is as it was. */
  async seen(address: ChatAddress, { kind, name = null, parentChatId = null }: ChatSeen): Promise<void> {
    const now = this.#clock.now()
    const known = await this.get(address)
    if (known && known.kind === kind && (name === null || known.name === name) && now - known.lastSeenAt < SEEN_EVERY_MS) return
    await this.#database.write((tx) => seenQuery.run(tx, { ...addressColumns(address), kind, name, parent_chat_id: parentChatId, now }))
  }

  /** Makes a chat the home of its platform, which has one at most; or takes that away. */
  setHome(address: ChatAddress, isHome: boolean): Promise<void> {
    return this.#change(address, async (tx) => {
      if (isHome) await tx.updateTable('chat').set({ is_home: 0 }).where('platform', '=', address.platform).where('is_home', '=', sql.lit(1)).execute()
      await tx
        .updateTable('chat')
        .set({ is_home: isHome ? 1 : 0 })
        .where(isAt(addressColumns(address)))
        .execute()
    })
  }

  /** Sets what is given; `null` clears. */
  configure(address: ChatAddress, changes: Partial<ChatSettings>): Promise<void> {
    return this.#change(address, async (tx) => {
      const columns = {
        ...(changes.model !== undefined && { model: changes.model }),
        ...(changes.systemPrompt !== undefined && { system_prompt: changes.systemPrompt }),
        ...(changes.busyMode !== undefined && { busy_mode: changes.busyMode }),
        ...(changes.personality !== undefined && { personality: changes.personality }),
        ...(changes.reset !== undefined && { reset: encodeJson(changes.reset) }),
      }
      if (Object.keys(columns).length === 0) return
      await tx
        .updateTable('chat')
        .set(columns)
        .where(isAt(addressColumns(address)))
        .execute()
    })
  }

  /** Says that a chat takes nothing: what is to be sent there waits until it heals. */
  park(address: ChatAddress, code: string, reason: string): Promise<void> {
    const now = this.#clock.now()
    return this.#change(address, async (tx) => {
      await tx
        .updateTable('chat')
        .set({ parked_at: now, parked_code: code, parked_reason: reason })
        .where(isAt(addressColumns(address)))
        .execute()
      await parkPending(tx, address)
    })
  }

  /** Says that a chat takes messages again, such as when somebody was heard there: what waits is due. False when it was not parked. */
  async heal(address: ChatAddress): Promise<boolean> {
    // Asked for every message that comes in: nearly always there is nothing to write.
    if ((await this.get(address))?.parked == null) return false
    const now = this.#clock.now()
    return this.#database.write((tx) => healChat(tx, addressColumns(address), now))
  }

  #change(address: ChatAddress, change: (tx: Transaction<GatewayTables>) => Promise<void>): Promise<void> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      await insertChat(tx, address, now)
      await change(tx)
    })
  }
}

const findQuery = new PreparedQuery<GatewayTables, AddressColumns, Selectable<ChatTable>>((db, address) =>
  db.selectFrom('chat').selectAll().where(isAt(address)),
)

type Seen = AddressColumns & { kind: string; name: string | null; parent_chat_id: string | null; now: number }

const seenQuery = new PreparedQuery<GatewayTables, Seen, InsertResult>((tx, seen) =>
  tx
    .insertInto('chat')
    .values({
      platform: seen.platform,
      account: seen.account,
      chat_id: seen.chat_id,
      thread_id: seen.thread_id,
      kind: seen.kind,
      name: seen.name,
      parent_chat_id: seen.parent_chat_id,
      first_seen_at: seen.now,
      last_seen_at: seen.now,
    })
    .onConflict((conflict) =>
      conflict.columns(['platform', 'account', 'chat_id', 'thread_id']).doUpdateSet(({ fn, ref }) => ({
        kind: ref('excluded.kind'),
        name: fn.coalesce('excluded.name', 'chat.name'),
        parent_chat_id: fn.coalesce('excluded.parent_chat_id', 'chat.parent_chat_id'),
        last_seen_at: ref('excluded.last_seen_at'),
      })),
    ),
)
