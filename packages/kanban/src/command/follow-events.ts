import type { BoardEvent, BoardStores, EventKind } from '@talaria/db'

/** Events of one reading of the log. */
const PAGE = 200

interface Following {
  /** Events after this one. */
  readonly after: number
  readonly taskNumber?: number
  readonly kinds?: readonly EventKind[]
  /** Without it, what there is by now. */
  readonly signal?: AbortSignal
}

/** Events as they come, each once and in order, until `signal` aborts. */
export async function* followEvents({ board, events }: BoardStores, { after, signal, ...filter }: Following): AsyncGenerator<BoardEvent> {
  let cursor = after
  const read = async function* (): AsyncGenerator<BoardEvent> {
    for (let page: readonly BoardEvent[]; (page = await events.since({ after: cursor, limit: PAGE, ...filter })).length > 0;) {
      cursor = page.at(-1)!.seq
      yield* page
    }
  }
  if (!signal) return yield* read()
  for await (const _ of board.changes(signal)) yield* read()
}
