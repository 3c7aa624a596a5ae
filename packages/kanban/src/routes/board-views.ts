import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { BoardPage, BoardStores, TaskFilter } from '@talaria/db'
import { cardOf } from './card.ts'

const compress = promisify(gzip)

/** Boards with filters that are looked at at once; more push out the one that was asked for longest ago. */
const MOST_VIEWS = 100

/** A board with its columns as it is sent: made once for everybody who looks at it. */
export interface BoardView {
  readonly tag: string
  readonly json: string
  gzipped(): Promise<Uint8Array<ArrayBuffer>>
}

type ViewQuery = Omit<TaskFilter, 'states' | 'includeDeleted'> & { readonly limit: number }

/**
 * What boards look like, kept until something is committed to them: any number of people who poll one cost what one does,
 * and nothing but a look at the version while nothing happens.
 */
export class BoardViews {
  readonly #views = new Map<string, { readonly version: string; readonly view: Promise<BoardView> }>()

  async get(slug: string, stores: BoardStores, query: ViewQuery): Promise<BoardView> {
    const key = `${slug} ${JSON.stringify(query)}`
    // Read before the board is: what is committed meanwhile makes it another version.
    const version = await stores.board.version()
    const known = this.#views.get(key)
    this.#views.delete(key)
    const kept = known?.version === version ? known : { version, view: viewOf(stores, query) }
    this.#views.set(key, kept)
    if (this.#views.size > MOST_VIEWS) this.#views.delete(this.#views.keys().next().value!)
    try {
      return await kept.view
    } catch (error) {
      if (this.#views.get(key) === kept) this.#views.delete(key)
      throw error
    }
  }
}

async function viewOf(stores: BoardStores, query: ViewQuery): Promise<BoardView> {
  const json = JSON.stringify(pageJson(await stores.tasks.board(query)))
  // Weak: it is the same board, whether it was sent compressed or not.
  const tag = `W/"${createHash('sha256').update(json).digest('base64url').slice(0, 22)}"`
  let gzipped: Promise<Uint8Array<ArrayBuffer>> | undefined
  return { tag, json, gzipped: () => (gzipped ??= compress(json).then((bytes) => new Uint8Array(bytes))) }
}

function pageJson({ columns, seq }: BoardPage) {
  return {
    seq,
    columns: columns.map(({ column, count, tasks, nextCursor }) => ({
      ...column,
      count,
      tasks: tasks.map(cardOf),
      ...(nextCursor !== undefined && { nextCursor }),
    })),
  }
}
