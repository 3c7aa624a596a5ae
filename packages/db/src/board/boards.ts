import type { Readable, Writable } from 'node:stream'
import { codeOf, type Clock } from '@talaria/core'
import type { Database } from '../database.ts'
import { holdersOf, listedFiles, readSmallFile, removeFile, removeFolder, replaceSmallFile } from '../files.ts'
import { BoardError } from './board-error.ts'
import { boardOf } from './board-rows.ts'
import { receiveBoard, sendBoard, sweepTransfers } from './portable/transfer-board.ts'
import type { Actor, Board, BoardSettings } from './records.ts'
import { isSlug, nameOfSlug, slugOf } from './slug.ts'
import type { BoardTables } from './tables.ts'

/** How often somebody who waits for boards to come and go looks: a listing of one folder. */
const LOOK_MS = 1_000

export interface NewBoard {
  readonly slug: string
  /** The slug, read as words, unless given. */
  readonly name?: string
  readonly description?: string
  readonly icon?: string
  readonly colour?: string
  readonly settings?: BoardSettings
}

/** A board in a list. One whose file cannot be read is there as well, with the reason. */
export type ListedBoard = { readonly slug: string; readonly board: Board } | { readonly slug: string; readonly code: string; readonly reason: string }

export interface BoardsOptions {
  readonly folder: string
  readonly clock: Clock
  readonly databaseOf: (slug: string) => Database<BoardTables>
  /** Closes what this process has open of a board; false while somebody uses it. */
  readonly letGo: (slug: string) => boolean
  /** Copies a board, as it is at one moment, to a file beside it. */
  readonly copy: (slug: string, name: string) => Promise<void>
}

/** The boards of a home: one database each, and nothing else that knows of them. */
export class Boards {
  readonly #options: BoardsOptions

  /** Use `databases.boards`. */
  constructor(options: BoardsOptions) {
    this.#options = options
  }

  /** Slugs of the files that are there, in order; a board that waits for its removal is among them. */
  slugs(): readonly string[] {
    return listedFiles(this.#options.folder)
      .filter((name) => name.endsWith('.db'))
      .map((name) => name.slice(0, -'.db'.length))
      .filter(isSlug)
      .toSorted()
  }

  /** Every board, in order of its slug; archived ones only when asked for. */
  async list({ includeArchived = false }: { readonly includeArchived?: boolean } = {}): Promise<readonly ListedBoard[]> {
    const boards: ListedBoard[] = []
    for (const slug of this.slugs()) {
      try {
        const board = await this.#read(slug)
        if (board && (includeArchived || board.archivedAt === null)) boards.push({ slug, board })
      } catch (error) {
        boards.push({ slug, code: codeOf(error) ?? 'IO', reason: (error as Error).message })
      }
    }
    return boards
  }

  /** @throws BoardError `BOARD_NOT_FOUND`, also for one that was deleted. */
  async get(slug: string): Promise<Board> {
    const board = isSlug(slug) && this.slugs().includes(slug) ? await this.#read(slug) : undefined
    if (!board) throw boardNotFound(slug)
    return board
  }

  /** Makes a board, or finds the one of that name. @throws BoardError `INVALID`, and `BOARD_EXISTS` while a deleted one of that name waits for its removal. */
  async create(board: NewBoard, actor: Actor): Promise<{ readonly board: Board; readonly created: boolean }> {
    const slug = slugOf(board.slug)
    const now = this.#options.clock.now()
    const database = this.#options.databaseOf(slug)
    const created = await database.write(async (tx) => {
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('board')
        .values({
          id: 1,
          slug,
          name: board.name?.trim() || nameOfSlug(slug),
          description: board.description ?? null,
          icon: board.icon ?? null,
          colour: board.colour ?? null,
          settings: JSON.stringify(board.settings ?? {}),
          paused_at: null,
          paused_reason: null,
          created_at: now,
          updated_at: now,
          archived_at: null,
          deleted_at: null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows === 0n) return false
      await tx.insertInto('event').values({ seq: 1, task_number: null, run_id: null, kind: 'board.created', actor, at: now }).execute()
      return true
    })
    const made = await this.#read(slug)
    if (!made)
      throw new BoardError(
        'BOARD_EXISTS',
        `A board '${slug}' was deleted a moment ago and its file is still in use. Choose another name, or try again in a minute.`,
      )
    return { board: made, created }
  }

  /** Has a board vanish from every list; its files go when no process holds them any more. @throws BoardError `BOARD_NOT_FOUND` */
  async remove(slug: string): Promise<void> {
    await this.get(slug)
    const now = this.#options.clock.now()
    await this.#options
      .databaseOf(slug)
      .write((tx) => tx.updateTable('board').set({ deleted_at: now, updated_at: now }).where('deleted_at', 'is', null).execute())
    if (this.current() === slug) this.setCurrent(undefined)
    await this.sweep()
  }

  /** Writes an archive of a board to a stream and ends it: tar, compressed by gzip. See docs/kanban-data.md. @throws BoardError `BOARD_NOT_FOUND` */
  async export(slug: string, to: Writable, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.get(slug)
    await sendBoard(slug, to, { ...this.#options, ...(signal && { signal }) })
  }

  /** Makes a new board of an archive, under another name when its own is taken; nothing when it is broken. @throws BoardError `INVALID` */
  async import(from: Readable, { slug, actor }: { readonly slug?: string; readonly actor: Actor }): Promise<Board> {
    return this.get(await receiveBoard(from, { ...this.#options, actor, slug: (said) => slugOf(slug ?? said) }))
  }

  /** Removes the files of deleted boards that no process has open, and returns whose; others are for the next time. */
  async sweep(): Promise<readonly string[]> {
    sweepTransfers(this.#options)
    const removed: string[] = []
    for (const slug of this.slugs()) {
      const isDeleted = await this.#options
        .databaseOf(slug)
        .read((db) => db.selectFrom('board').select('deleted_at').executeTakeFirst())
        .then(
          (row) => row?.deleted_at != null,
          () => false,
        )
      if (!isDeleted || !this.#options.letGo(slug)) continue
      const file = `${this.#options.folder}/${slug}.db`
      if (holdersOf(file).length > 0) continue
      removeFile(file)
      removeFolder(attachmentsFolder(this.#options.folder, slug))
      removed.push(slug)
    }
    return removed
  }

  /** The board that people mean who name none; `undefined` when none was chosen, or it is no more. */
  current(): string | undefined {
    // Written by editors on other systems, too.
    const slug = readSmallFile(this.#currentFile)
      ?.replace(/^\uFEFF/, '')
      .trim()
    return slug !== undefined && isSlug(slug) && this.slugs().includes(slug) ? slug : undefined
  }

  setCurrent(slug: string | undefined): void {
    replaceSmallFile(this.#currentFile, slug === undefined ? '' : `${slug}\n`)
  }

  /** Why no dispatcher of this home begins anything; `undefined` while they do. */
  pausedReason(): string | undefined {
    return readSmallFile(this.#pausedFile)?.trim() || undefined
  }

  /** Has no dispatcher of this home begin anything, across restarts, until it is called without a reason. */
  setPaused(reason: string | undefined): void {
    replaceSmallFile(this.#pausedFile, reason === undefined ? '' : `${reason}\n`)
  }

  /** Yields the slugs at once and again when one came or went, until `signal` aborts. Holds nothing open between looks. */
  async *follow(signal: AbortSignal): AsyncGenerator<readonly string[]> {
    for (let known: string | undefined; !signal.aborted;) {
      const slugs = this.slugs()
      if (known !== slugs.join()) yield slugs
      known = slugs.join()
      await this.#options.clock.delay(LOOK_MS, signal).catch(() => {})
    }
  }

  async #read(slug: string): Promise<Board | undefined> {
    const row = await this.#options.databaseOf(slug).read((db) => db.selectFrom('board').selectAll().executeTakeFirst())
    return row && row.deleted_at === null ? boardOf(row) : undefined
  }

  get #pausedFile(): string {
    return `${this.#options.folder}/paused`
  }

  get #currentFile(): string {
    return `${this.#options.folder}/current`
  }
}

/** Where the bytes of a board's attachments lie. */
export function attachmentsFolder(folder: string, slug: string): string {
  return `${folder}/${slug}.files`
}

/** What is thrown about a board that is not there. */
export function boardNotFound(slug: string): BoardError {
  return new BoardError('BOARD_NOT_FOUND', `There is no board '${slug.slice(0, 80)}'. \`talaria kanban boards list\` shows those there are.`, {
    details: { slug },
  })
}
