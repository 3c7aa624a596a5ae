import { codeOf, type Clock } from '@talaria/core'
import type { Database } from '../database.ts'
import { AttachmentStore } from './attachment-store.ts'
import { dayOf } from './board-store.ts'
import { foldSpend } from './removals/old-spend.ts'
import { oldEvents } from './removals/old-events.ts'
import { oldSteering, oldTranscripts } from './removals/old-transcripts.ts'
import type { BoardRemoval } from './removals/board-removal.ts'
import { removeStrayFiles } from './removals/stray-files.ts'
import { TaskIndex } from './search-index.ts'
import type { BoardTables } from './tables.ts'
import { purgeTasks } from './task-deletion.ts'

/** Days are kept apart for a year, and as one sum for each year before. */
const SPEND_DAYS_MS = 366 * 86_400_000

/** Tasks purged in one write; what is long of them went before. */
const PURGED_TASKS = 20

/** How long what is no longer needed is kept, in milliseconds; `undefined` keeps it for ever. */
export interface BoardRetentionPolicy {
  /** Events of tasks that have ended, or are gone. */
  readonly eventsMs: number | undefined
  /** What workers said, and were told, since their run ended. */
  readonly transcriptsMs: number | undefined
  /** Deleted tasks, which can be restored until then. */
  readonly deletedTasksMs: number | undefined
}

/** How much a sweep removed. */
export interface BoardSweep {
  readonly events: number
  readonly transcripts: number
  readonly tasks: number
  readonly files: number
}

/** Removes from a board what is too old, was deleted, or belongs to nobody, in steps between which others write. */
export class BoardRetention {
  readonly #database: Database<BoardTables>
  readonly #folder: string
  readonly #clock: Clock

  constructor(database: Database<BoardTables>, folder: string, clock: Clock) {
    this.#database = database
    this.#folder = folder
    this.#clock = clock
  }

  /** Works until nothing is left to remove, or `signal` aborts. */
  async sweep(policy: BoardRetentionPolicy, signal?: AbortSignal): Promise<BoardSweep> {
    const before = (ageMs: number | undefined) => (ageMs === undefined ? Number.NEGATIVE_INFINITY : this.#clock.now() - ageMs)
    const deletedBefore = before(policy.deletedTasksMs)
    // The index follows the events, and must have read them before they go.
    await new TaskIndex(this.#database).catchUp(signal)
    const transcripts = await this.#remove(oldTranscripts({ endedBefore: before(policy.transcriptsMs), deletedBefore }), signal)
    const steering = await this.#remove(oldSteering({ endedBefore: before(policy.transcriptsMs), deletedBefore }), signal)
    const tasks = await this.#purge(deletedBefore, signal)
    const events = await this.#remove(oldEvents(before(policy.eventsMs)), signal)
    await foldSpend(this.#database, dayOf(this.#clock.now() - SPEND_DAYS_MS))
    const files = await this.#removeFiles(signal)
    return { events, transcripts: transcripts + steering, tasks, files }
  }

  /** Of these runs, those whose logs nobody needs: they ended before that time, or are not of this board. */
  finishedRuns(runIds: readonly string[], endedBefore: number): Promise<readonly string[]> {
    return this.#database.read(async (db) => {
      const kept = new Set<string>()
      // Each look is bounded by how many values SQLite takes.
      for (let from = 0; from < runIds.length; from += 500) {
        const rows = await db
          .selectFrom('run')
          .select('id')
          .where('id', 'in', runIds.slice(from, from + 500))
          .where((eb) => eb.or([eb('ended_at', 'is', null), eb('ended_at', '>=', endedBefore)]))
          .execute()
        for (const { id } of rows) kept.add(id)
      }
      return runIds.filter((id) => !kept.has(id))
    })
  }

  async #remove<Key>({ find, remove }: BoardRemoval<Key>, signal: AbortSignal | undefined): Promise<number> {
    let removed = 0
    for (let after: Key | undefined; ;) {
      if (signal?.aborted) return removed
      const { due, next } = await this.#database.read((db) => find(db, after))
      // Looked for first, because a write that changes nothing wakes everybody who follows the board.
      if (due.length > 0) removed += await this.#database.write((tx) => remove(tx, due))
      if (next === undefined) return removed
      after = next
    }
  }

  async #purge(before: number, signal: AbortSignal | undefined): Promise<number> {
    for (let purged = 0; ;) {
      if (signal?.aborted) return purged
      const next = await this.#database.read((db) => db.selectFrom('task').select('number').where('deleted_at', '<', before).limit(1).executeTakeFirst())
      if (!next) return purged
      purged += await this.#purgeSome(before)
    }
  }

  async #purgeSome(before: number): Promise<number> {
    const purge = () => this.#database.write((tx) => purgeTasks(tx, before, PURGED_TASKS, this.#clock.now()))
    try {
      return await purge()
    } catch (error) {
      if (codeOf(error) !== 'INDEX_CORRUPT') throw error
      // A damaged index must not keep what is to go; it fills again from what stays.
      await new TaskIndex(this.#database).rebuild()
      return purge()
    }
  }

  async #removeFiles(signal: AbortSignal | undefined): Promise<number> {
    const attachments = new AttachmentStore(this.#database, this.#folder, this.#clock)
    let files = 0
    for (let removed = -1; removed !== 0 && !signal?.aborted;) files += removed = await attachments.sweep()
    return files + (await removeStrayFiles(this.#database, { folder: this.#folder, clock: this.#clock, ...(signal && { signal }) }))
  }
}
