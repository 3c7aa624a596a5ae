import { sql } from 'kysely'
import type { BoardRemoval } from './board-removal.ts'
import { STEP_ROWS } from './board-removal.ts'

/** What the history of a board keeps: where it begins, and which tasks came of which. */
const KEPT_KINDS = ['board.created', 'task.decomposed']

/**
 * Events from before a time, of tasks that have ended or are gone, and of the board. The newest event stays, because the
 * number of the next one is counted from it; what the search index has not read stays as well.
 */
export function oldEvents(before: number): BoardRemoval<number> {
  return {
    find: async (db, after = 0) => {
      const newest = await db.selectFrom('event').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst()
      const page = await db
        .selectFrom('event')
        .leftJoin('task', 'task.number', 'event.task_number')
        .select(['event.seq', 'event.at', 'event.kind', 'task.state', 'task.deleted_at'])
        .where('event.seq', '>', after)
        .orderBy('event.seq')
        .limit(STEP_ROWS)
        .execute()
      const due = page.filter(({ seq, at, kind, state, deleted_at }) => {
        const isOver = state === null || deleted_at !== null || state === 'done' || state === 'archived'
        return seq !== newest?.seq && at < before && isOver && !KEPT_KINDS.includes(kind)
      })
      const last = page.at(-1)
      // Numbers and times go together but for jumps of the clock, so the end of the old ones is the end of the work.
      const isEnd = last === undefined || page.length < STEP_ROWS || last.at >= before
      return { due: due.map(({ seq }) => seq), next: isEnd ? undefined : last.seq }
    },
    remove: async (tx, due) => {
      const { numDeletedRows } = await tx
        .deleteFrom('event')
        .where('seq', 'in', sql<number>`(select value from json_each(${JSON.stringify(due)}))`)
        .where('seq', '<', (eb) => eb.selectFrom('event').select((event) => event.fn.max('seq').as('seq')))
        .where('seq', '<=', (eb) => eb.selectFrom('search_progress').select('seq'))
        .executeTakeFirstOrThrow()
      return Number(numDeletedRows)
    },
  }
}
