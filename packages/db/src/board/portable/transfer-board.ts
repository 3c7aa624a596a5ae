import { pipeline } from 'node:stream/promises'
import { Readable, type Writable } from 'node:stream'
import { createGunzip, createGzip } from 'node:zlib'
import { codeOf, createId, type Clock } from '@talaria/core'
import type { Database } from '../../database.ts'
import { fileExists, holdersOf, listedFiles, modifiedAt, moveFile, placeFile, removeFile, removeFolder } from '../../files.ts'
import type { Actor } from '../records.ts'
import type { BoardTables } from '../tables.ts'
import { exportBoard } from './export-board.ts'
import { importBoard } from './import-board.ts'
import { brokenArchive } from './tar.ts'

/** What stands beside boards while one comes or goes. No slug begins so, so that nobody takes one for a board. */
const UNDER_WAY = /^\.(?:export|import)-/

/** No transfer takes so long, and one that died takes for ever. */
const LONGEST_MS = 24 * 60 * 60_000

const LONGEST_SLUG = 64

/** Where boards are, and how their files are used. */
export interface TransferOptions {
  readonly folder: string
  readonly clock: Clock
  readonly databaseOf: (name: string) => Database<BoardTables>
  readonly letGo: (name: string) => boolean
  /** Copies a board, as it is at one moment, to a file beside it. */
  readonly copy: (slug: string, name: string) => Promise<void>
}

/** Writes a compressed archive of a board, as it is at one moment, to a stream and ends it. Work on the board goes on meanwhile. */
export async function sendBoard(slug: string, to: Writable, options: TransferOptions & { readonly signal?: AbortSignal }): Promise<void> {
  const { folder, clock, databaseOf, signal } = options
  const name = createId('.export-', clock.now())
  try {
    await options.copy(slug, name)
    const bytes = exportBoard(databaseOf(name), { folder: `${folder}/${slug}.files`, at: clock.now() })
    await pipeline(Readable.from(bytes, { objectMode: false }), createGzip(), to, { ...(signal && { signal }) })
  } finally {
    discard(name, options)
  }
}

/**
 * Makes a new board of a compressed archive. It is written beside the boards and takes its place among them in one step
 * when it is whole: nobody sees a part of one, and of one that is broken nothing is left.
 *
 * @returns its slug: the one that is wished for, or that it had, with a number when there is one of that name.
 * @throws BoardError `INVALID`
 */
export async function receiveBoard(
  from: Readable,
  { slug, actor, ...options }: TransferOptions & { readonly slug: (said: string) => string; readonly actor: Actor },
): Promise<string> {
  const { folder, clock, databaseOf } = options
  const name = createId('.import-', clock.now())
  const gunzip = createGunzip()
  // Whatever ends the reading early ends both streams; who reads is told of it by the iteration.
  const piped = pipeline(from, gunzip).catch(() => {})
  try {
    const at = clock.now()
    const database = databaseOf(name)
    const board = await importBoard(database, gunzip, { folder: `${folder}/${name}.files`, actor, at })
    const columns = { id: 1, name: board.name, description: board.description, icon: board.icon, colour: board.colour, settings: board.settings }
    const times = { created_at: board.createdAt, updated_at: at, paused_at: null, paused_reason: null, archived_at: null, deleted_at: null }
    const base = slug(board.slug)
    await database.write((tx) =>
      tx
        .insertInto('board')
        .values({ ...columns, ...times, slug: base })
        .execute(),
    )
    return await takePlace(name, base, options)
  } catch (error) {
    throw String(codeOf(error)).startsWith('Z_') ? brokenArchive('it is not compressed as it should be', error) : error
  } finally {
    gunzip.destroy()
    from.destroy()
    await piped
    discard(name, options)
  }
}

/** Removes what transfers have left behind whose process died. */
export function sweepTransfers({ folder, clock }: Pick<TransferOptions, 'folder' | 'clock'>): void {
  for (const name of listedFiles(folder)) {
    if (!UNDER_WAY.test(name) || !name.endsWith('.db')) continue
    const file = `${folder}/${name}`
    const at = modifiedAt(file)
    if (at === undefined || at > clock.now() - LONGEST_MS || holdersOf(file).length > 0) continue
    removeFile(file)
    removeFolder(file.replace(/\.db$/, '.files'))
  }
}

/** Gives a finished import the first name that is free. Whoever else takes one meanwhile keeps it. */
async function takePlace(name: string, base: string, options: TransferOptions): Promise<string> {
  const { folder, databaseOf, letGo } = options
  for (let count = 1; ; count += 1) {
    const suffix = count === 1 ? '' : `-${count}`
    const slug = base.slice(0, LONGEST_SLUG - suffix.length) + suffix
    if (fileExists(`${folder}/${slug}.db`) || fileExists(`${folder}/${slug}.files`)) continue
    await databaseOf(name).write((tx) => tx.updateTable('board').set({ slug }).execute())
    // Closed, it is one file without a log beside it.
    letGo(name)
    if (fileExists(`${folder}/${name}.files`)) moveFile(`${folder}/${name}.files`, `${folder}/${slug}.files`)
    if (placeFile(`${folder}/${name}.db`, `${folder}/${slug}.db`)) return slug
    if (fileExists(`${folder}/${slug}.files`)) moveFile(`${folder}/${slug}.files`, `${folder}/${name}.files`)
  }
}

function discard(name: string, { folder, letGo }: TransferOptions): void {
  letGo(name)
  removeFile(`${folder}/${name}.db`)
  removeFolder(`${folder}/${name}.files`)
}
