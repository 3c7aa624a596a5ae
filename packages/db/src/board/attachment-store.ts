import { createHash } from 'node:crypto'
import { createId, type Clock } from '@talaria/core'
import type { Selectable } from 'kysely'
import type { Database } from '../database.ts'
import { createFileOf, readFileOf, removeSmallFile } from '../files.ts'
import { appendEvent } from './append-event.ts'
import { attachmentName, freeName } from './attachment-name.ts'
import { BoardError, invalidField } from './board-error.ts'
import { requireCurrent } from './claim-current.ts'
import type { Actor, Attachment, Claim } from './records.ts'
import type { AttachmentTable, BoardTables } from './tables.ts'

/** As the predecessor's, which people's files fit. */
export const MAX_ATTACHMENT_BYTES = 25 * 1024 * 1024

/** Files removed in one go, so that a large sweep does not hold up the process. */
const SWEEP_ROWS = 100

export interface NewAttachment {
  readonly name: string
  readonly mediaType?: string
  readonly bytes: Uint8Array
  readonly runId?: string
  /** The attempt that it came of: nothing is attached when that is not, or no longer, the task's. */
  readonly claim?: Claim
}

/** Files of tasks: a row each, and its bytes beside the board, under the row's id. */
export class AttachmentStore {
  readonly #database: Database<BoardTables>
  readonly #folder: string
  readonly #clock: Clock

  constructor(database: Database<BoardTables>, folder: string, clock: Clock) {
    this.#database = database
    this.#folder = folder
    this.#clock = clock
  }

  /** Oldest first. */
  list(taskNumber: number): Promise<readonly Attachment[]> {
    return this.#database.read(async (db) => {
      const rows = await db.selectFrom('attachment').selectAll().where('task_number', '=', taskNumber).where('deleted_at', 'is', null).orderBy('id').execute()
      return rows.map(attachmentOf)
    })
  }

  get(id: string): Promise<Attachment | undefined> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('attachment').selectAll().where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst()
      return row && attachmentOf(row)
    })
  }

  /** Its bytes. @throws BoardError `NOT_FOUND` */
  async read(id: string): Promise<Uint8Array> {
    const attachment = await this.get(id)
    const bytes = attachment && readFileOf(this.#pathOf(id))
    if (!bytes) throw new BoardError('NOT_FOUND', `There is no attachment '${id.slice(0, 80)}'.`)
    return bytes
  }

  /** @throws BoardError `INVALID` when it is too large, `TASK_NOT_FOUND`, `CLAIM_LOST` */
  async add(taskNumber: number, { name, mediaType, bytes, claim, runId = claim?.runId }: NewAttachment, actor: Actor): Promise<Attachment> {
    if (bytes.byteLength > MAX_ATTACHMENT_BYTES) throw invalidField('bytes', `at most ${MAX_ATTACHMENT_BYTES / 1024 / 1024} MiB`)
    const now = this.#clock.now()
    const id = createId('att', now)
    // The bytes first: a row whose bytes are missing would be a lie, bytes without a row are swept.
    createFileOf(this.#pathOf(id), bytes)
    try {
      return await this.#database.write(async (tx) => {
        if (claim) await requireCurrent(tx, claim)
        const task = await tx.selectFrom('task').select('number').where('number', '=', taskNumber).where('deleted_at', 'is', null).executeTakeFirst()
        if (!task) throw new BoardError('TASK_NOT_FOUND', `There is no task #${taskNumber}.`)
        const others = await tx.selectFrom('attachment').select('name').where('task_number', '=', taskNumber).where('deleted_at', 'is', null).execute()
        const row = await tx
          .insertInto('attachment')
          .values({
            id,
            task_number: taskNumber,
            run_id: runId ?? null,
            name: freeName(attachmentName(name), new Set(others.map((other) => other.name))),
            media_type: mediaType ?? 'application/octet-stream',
            bytes: bytes.byteLength,
            sha256: createHash('sha256').update(bytes).digest('hex'),
            uploaded_by: actor,
            created_at: now,
            deleted_at: null,
            removed_at: null,
          })
          .returningAll()
          .executeTakeFirstOrThrow()
        await tx.updateTable('task').set({ updated_at: now }).where('number', '=', taskNumber).execute()
        const payload = { attachment: id, name: row.name, bytes: row.bytes }
        await appendEvent(tx, { kind: 'attachment.added', actor, taskNumber, runId: runId ?? null, payload, at: now })
        return attachmentOf(row)
      })
    } catch (error) {
      removeSmallFile(this.#pathOf(id))
      throw error
    }
  }

  /** Takes a file away from its task; its bytes go with the next sweep. False when it is not there. */
  remove(id: string, actor: Actor): Promise<boolean> {
    const now = this.#clock.now()
    return this.#database.write(async (tx) => {
      const row = await tx
        .updateTable('attachment')
        .set({ deleted_at: now })
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .returning(['task_number', 'name'])
        .executeTakeFirst()
      if (!row) return false
      await appendEvent(tx, { kind: 'attachment.removed', actor, taskNumber: row.task_number, payload: { attachment: id, name: row.name }, at: now })
      return true
    })
  }

  /** Removes the bytes of attachments that were taken away; returns how many. */
  async sweep(): Promise<number> {
    const rows = await this.#database.read((db) =>
      db.selectFrom('attachment').select('id').where('deleted_at', 'is not', null).where('removed_at', 'is', null).limit(SWEEP_ROWS).execute(),
    )
    if (rows.length === 0) return 0
    const ids = rows.map(({ id }) => id)
    for (const id of ids) removeSmallFile(this.#pathOf(id))
    const now = this.#clock.now()
    await this.#database.write((tx) => tx.updateTable('attachment').set({ removed_at: now }).where('id', 'in', ids).execute())
    return ids.length
  }

  #pathOf(id: string): string {
    return `${this.#folder}/${id}`
  }
}

function attachmentOf(row: Selectable<AttachmentTable>): Attachment {
  return {
    id: row.id,
    taskNumber: row.task_number,
    runId: row.run_id,
    name: row.name,
    mediaType: row.media_type,
    bytes: row.bytes,
    sha256: row.sha256,
    uploadedBy: row.uploaded_by,
    createdAt: row.created_at,
  }
}
