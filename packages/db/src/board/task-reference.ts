import { PreparedQuery } from '../prepared-query.ts'
import type { Snapshot } from '../scope.ts'
import { invalidField } from './board-error.ts'
import type { BoardTables } from './tables.ts'
import { taskNotFound } from './task-head.ts'

/** A task as people and programs name it: its number (`12`, `#12`), its id, or a beginning of its id that no other has. */
export type TaskReference = string | number

/** Shorter beginnings are slips of the pen. */
const SHORTEST_PREFIX = 8

/** The number of the task that is meant; `undefined` when there is none. @throws BoardError `INVALID` when several could be meant. */
export async function findTask(db: Snapshot<BoardTables>, reference: TaskReference): Promise<number | undefined> {
  const number = numberIn(reference)
  if (number !== undefined) return (await byNumber.first(db, { number }))?.number
  const text = String(reference).trim()
  const exact = await byId.first(db, { id: text })
  if (exact || text.length < SHORTEST_PREFIX || !/^[a-z0-9_-]+$/.test(text)) return exact?.number
  const { rows } = await byPrefix.run(db, { from: text, to: `${text}~` })
  if (rows.length > 1) throw invalidField('task', `more of the id: '${text.slice(0, 80)}' is the beginning of several`)
  return rows[0]?.number
}

/** The same of a task that is there. @throws BoardError `TASK_NOT_FOUND` and `INVALID` */
export async function requireTask(db: Snapshot<BoardTables>, reference: TaskReference): Promise<number> {
  const number = await findTask(db, reference)
  if (number === undefined) throw taskNotFound(String(reference))
  return number
}

function numberIn(reference: TaskReference): number | undefined {
  const digits = /^\s*#?(\d{1,15})\s*$/.exec(String(reference))?.[1]
  return digits === undefined ? undefined : Number(digits)
}

const byNumber = new PreparedQuery<BoardTables, { number: number }, { number: number }>((db, { number }) =>
  db.selectFrom('task').select('number').where('number', '=', number),
)

const byId = new PreparedQuery<BoardTables, { id: string }, { number: number }>((db, { id }) => db.selectFrom('task').select('number').where('id', '=', id))

const byPrefix = new PreparedQuery<BoardTables, { from: string; to: string }, { number: number }>((db, { from, to }) =>
  db.selectFrom('task').select('number').where('id', '>=', from).where('id', '<', to).limit(2),
)
