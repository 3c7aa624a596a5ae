import type { TurnEvent, TurnReader } from '@talaria/db'

const PAGE = 1_000

/** Every event of a turn that is on disk, up to (not including) a sequence number. */
export async function storedEvents(turns: TurnReader, turnId: string, until = Number.POSITIVE_INFINITY): Promise<readonly TurnEvent[]> {
  const events: TurnEvent[] = []
  for (let after = 0; ;) {
    const page = await turns.events(turnId, { after, limit: PAGE })
    for (const event of page) if (event.seq < until) events.push(event)
    const last = page.at(-1)
    if (!last || page.length < PAGE || last.seq >= until) return events
    after = last.seq
  }
}

/**
 * The events of a turn that does not run in this process, in batches until its terminal one. Where it runs in another,
 * new ones are waited for.
 */
export async function* followStored(
  turns: TurnReader,
  turnId: string,
  options: { readonly after: number; readonly signal?: AbortSignal },
): AsyncGenerator<readonly TurnEvent[]> {
  const over = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, over.signal]) : over.signal
  let cursor = options.after
  try {
    for await (const _ of turns.changes(signal)) {
      // Asked first: what is committed between the two questions is read by the second.
      const isOver = (await turns.get(turnId, { all: true }))?.finishedAt !== null
      for (;;) {
        const page = await turns.events(turnId, { after: cursor, limit: PAGE })
        if (page.length === 0) break
        cursor = page.at(-1)!.seq
        yield page
      }
      if (isOver) return
    }
  } finally {
    over.abort(new Error('followed to the end'))
  }
}
