import { createId, type Clock } from '@talaria/core'
import type { Database } from '../database.ts'
import { keepAnswer, type KeptAnswer } from './kept-answer.ts'
import { insertMessages, totalsOf } from './message-rows.ts'
import type { Message, NewMessage, NewSession, Session, Viewer } from './records.ts'
import { SessionReader } from './session-reader.ts'
import { insertSession, sessionOf, touchSession } from './session-rows.ts'
import type { GatewayTables } from './tables.ts'
import { ownedBy } from './viewer.ts'

/** Messages copied in one write: a few milliseconds. */
const COPY_STEP = 200

export interface SessionChanges {
  readonly title?: string | null
  readonly model?: string | null
  readonly endReason?: string
  readonly pinned?: boolean
  readonly archived?: boolean
  readonly hidden?: boolean
  readonly unread?: boolean
  readonly metadata?: Readonly<Record<string, unknown>>
}

export interface ForkOptions {
  /** The last position to copy; all of them unless given. */
  readonly upTo?: number
  readonly kept?: KeptAnswer<Session>
}

/** Conversations, and everything one may do to them. */
export class SessionStore extends SessionReader {
  readonly #database: Database<GatewayTables>
  readonly #clock: Clock

  constructor(database: Database<GatewayTables>, clock: Clock) {
    super(database)
    this.#database = database
    this.#clock = clock
  }

  /** `undefined` when the id is taken. */
  create(session: NewSession, kept?: KeptAnswer<Session>): Promise<Session | undefined> {
    return this.#database.write(async (tx) => {
      if (!(await insertSession(tx, session, this.#clock.now()))) return undefined
      const created = sessionOf(await tx.selectFrom('session').selectAll().where('id', '=', session.id).executeTakeFirstOrThrow())
      await keepAnswer(tx, kept, created)
      return created
    })
  }

  /** Changes what is given and nothing else, all of it or none; `undefined` when there is no such session to this viewer. */
  update(id: string, viewer: Viewer, changes: SessionChanges): Promise<Session | undefined> {
    const now = this.#clock.now()
    // SQL has no word for changing nothing.
    if (Object.values(changes).every((change) => change === undefined)) return this.get(id, viewer)
    return this.#database.write(async (tx) => {
      const row = await tx
        .updateTable('session')
        .set({
          ...(changes.title !== undefined && { title: changes.title }),
          ...(changes.model !== undefined && { model: changes.model }),
          ...(changes.endReason !== undefined && { end_reason: changes.endReason, ended_at: now }),
          ...(changes.pinned !== undefined && { pinned: flag(changes.pinned) }),
          ...(changes.archived !== undefined && { archived: flag(changes.archived) }),
          ...(changes.hidden !== undefined && { hidden: flag(changes.hidden) }),
          ...(changes.unread !== undefined && { unread: flag(changes.unread) }),
          ...(changes.metadata !== undefined && { metadata: JSON.stringify(changes.metadata) }),
        })
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .$call(ownedBy(viewer))
        .returningAll()
        .executeTakeFirst()
      return row && sessionOf(row)
    })
  }

  /** Gone for every reader at once; its rows are removed in small steps by the retention loop. False when there was none. */
  delete(id: string, viewer: Viewer): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('session')
        .set({ deleted_at: now })
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .$call(ownedBy(viewer))
        .executeTakeFirstOrThrow()
      if (numUpdatedRows === 0n) return false
      await tx.updateTable('response').set({ deleted_at: now }).where('session_id', '=', id).where('deleted_at', 'is', null).execute()
      return true
    })
  }

  /** Appends messages that no turn has made. False when there is no such session to this viewer. */
  append(id: string, viewer: Viewer, messages: readonly NewMessage[]): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const session = await tx.selectFrom('session').select('id').where('id', '=', id).where('deleted_at', 'is', null).$call(ownedBy(viewer)).executeTakeFirst()
      if (!session) return false
      await insertMessages(tx, id, messages, { turnId: null, createdAt: now })
      await touchSession(tx, id, totalsOf(messages), now)
      return true
    })
  }

  /**
   * A new session that begins with a copy of another's messages, up to a position; the original goes on as it was.
   * Copied in steps, so that a long one holds nobody up, and seen by nobody until it is whole.
   *
   * @returns `undefined` when there is no such session to this viewer, or the new id is taken.
   */
  async fork(id: string, viewer: Viewer, into: NewSession, { upTo = Number.MAX_SAFE_INTEGER, kept }: ForkOptions = {}): Promise<Session | undefined> {
    const source = await this.get(id, viewer)
    if (!source || !(await this.#createUnseen({ ...into, parentSessionId: id }))) return undefined
    for (let after = 0; ;) {
      const page = await this.messages(id, { limit: COPY_STEP, order: 'oldest', after, before: upTo + 1 })
      if (page.length > 0) await this.#copy(page, into)
      if (page.length < COPY_STEP) break
      after = page.at(-1)!.position
    }
    return this.#database.write(async (tx) => {
      const forked = sessionOf(await tx.updateTable('session').set({ deleted_at: null }).where('id', '=', into.id).returningAll().executeTakeFirstOrThrow())
      await keepAnswer(tx, kept, forked)
      return forked
    })
  }

  /** A session that counts as deleted for now: should the process die meanwhile, it is cleared away like any other. */
  #createUnseen(session: NewSession): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      if (!(await insertSession(tx, session, now))) return false
      await tx.updateTable('session').set({ deleted_at: now }).where('id', '=', session.id).execute()
      return true
    })
  }

  #copy(page: readonly Message[], into: NewSession): Promise<void> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const messages = page.map(copyOf)
      await insertMessages(tx, into.id, messages, { turnId: null, createdAt: now })
      await touchSession(tx, into.id, totalsOf(messages), now)
    })
  }
}

function copyOf(message: Message): NewMessage {
  return {
    id: createId('msg'),
    role: message.role,
    content: message.content,
    ...(message.parts && { parts: message.parts }),
    ...(message.toolCalls && { toolCalls: message.toolCalls }),
    ...(message.toolCallId !== null && { toolCallId: message.toolCallId }),
    ...(message.toolName !== null && { toolName: message.toolName }),
    ...(message.reasoning !== null && { reasoning: message.reasoning }),
    ...(message.finishReason !== null && { finishReason: message.finishReason }),
  }
}

function flag(value: boolean): 0 | 1 {
  return value ? 1 : 0
}
