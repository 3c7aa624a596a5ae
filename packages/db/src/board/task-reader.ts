import { sql } from 'kysely'
import type { Source } from '../database.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { Link, LinkCondition, LinkState, Task, TaskDetail } from './records.ts'
import type { BoardTables } from './tables.ts'
import { boardPage, columnPage, type BoardPage, type BoardQuery } from './task-columns.ts'
import { listTasks, type TaskPage, type TaskQuery } from './task-list.ts'
import { detailOf } from './task-queries.ts'
import { findTask, type TaskReference } from './task-reference.ts'
import { labelsColumn, TASK_COLUMNS, taskOf, type TaskRow } from './task-rows.ts'

/** What one may ask of a board's tasks. */
export class TaskReader {
  protected readonly source: Source<BoardTables>

  constructor(source: Source<BoardTables>) {
    this.source = source
  }

  /** By number, id, or a beginning of its id. A deleted one has `deletedAt`. @throws BoardError `INVALID` when several could be meant. */
  get(reference: TaskReference): Promise<TaskDetail | undefined> {
    return this.source.read(async (db) => {
      const number = await findTask(db, reference)
      return number === undefined ? undefined : detailOf(db, number)
    })
  }

  /** The cards of some tasks, also of deleted ones, in the order of their numbers. */
  cards(numbers: readonly number[]): Promise<readonly Task[]> {
    return this.source.read(async (db) => (await cardsQuery.run(db, { numbers: JSON.stringify(numbers) })).rows.map(taskOf))
  }

  /** See {@link listTasks}; of one column of the board, or wherever they are. */
  list({ column, ...query }: TaskQuery & { readonly column?: string }): Promise<TaskPage> {
    return this.source.read((db) => (column === undefined ? listTasks(db, query) : columnPage(db, column, query)))
  }

  /** See {@link boardPage}. */
  board(query: BoardQuery): Promise<BoardPage> {
    return this.source.read((db) => boardPage(db, query))
  }

  /** Links of some tasks to their parents and children, or all that there are. */
  links(numbers?: readonly number[]): Promise<readonly Link[]> {
    return this.source.read(async (db) => {
      const rows = await db
        .selectFrom('link')
        .selectAll()
        .$if(numbers !== undefined, (select) => select.where(({ or, eb }) => or([eb('parent_number', 'in', numbers!), eb('child_number', 'in', numbers!)])))
        .orderBy('parent_number')
        .orderBy('child_number')
        .execute()
      return rows.map((row) => ({
        parentNumber: row.parent_number,
        childNumber: row.child_number,
        condition: row.condition as LinkCondition,
        state: row.state as LinkState,
      }))
    })
  }
}

const cardsQuery = new PreparedQuery<BoardTables, { numbers: string }, TaskRow>((db, { numbers }) =>
  db
    .selectFrom('task')
    .select([...TASK_COLUMNS, labelsColumn])
    .where('number', 'in', sql<number>`(select value from json_each(${numbers}))`)
    .orderBy('number'),
)
