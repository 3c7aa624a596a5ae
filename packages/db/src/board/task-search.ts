import { codeOf } from '@talaria/core'
import { sql } from 'kysely'
import type { Database } from '../database.ts'
import type { Snapshot } from '../scope.ts'
import { phraseOf, searchTermsOf, snippetOf, type SearchTerm, type Snippet } from '../search-text.ts'
import { invalidField } from './board-error.ts'
import type { Task, TaskState } from './records.ts'
import { TaskIndex } from './search-index.ts'
import type { BoardTables } from './tables.ts'
import { labelsColumn, TASK_COLUMNS, taskOf } from './task-rows.ts'

/** Ranking looks at no more than the newest this many hits, so that a word which is everywhere costs no more than a rare one. */
const RANKED_HITS = 5_000

const MOST_ROWS = 200

/** Comments in which the words are looked for, when they are in nothing else of a task. */
const SHOWN_COMMENTS = 50

/** Why the index is left as it is, and searched all the same. */
const CANNOT_WRITE: ReadonlySet<unknown> = new Set(['READ_ONLY', 'DISK_FULL', 'BUSY', 'CORRUPT'])

/** Which tasks are looked at. */
export interface TaskSearchQuery {
  readonly limit: number
  /** All but archived ones unless given. */
  readonly states?: readonly TaskState[]
  readonly assignee?: string
}

/** A task that was found, and where. */
export interface TaskHit {
  readonly task: Task
  readonly field: 'title' | 'body' | 'comments'
  readonly snippet: Snippet
}

/** Finds tasks by the words in their titles, bodies and comments. */
export class TaskSearch {
  readonly #database: Database<BoardTables>
  readonly #index: TaskIndex

  constructor(database: Database<BoardTables>) {
    this.#database = database
    this.#index = new TaskIndex(database)
  }

  /** See {@link TaskIndex.catchUp}. Searching does it, too; done beforehand, a search has less to wait for. */
  catchUp(signal?: AbortSignal): Promise<number> {
    return this.#index.catchUp(signal)
  }

  /** See {@link TaskIndex.rebuild}. */
  rebuild(): Promise<void> {
    return this.#index.rebuild()
  }

  /**
   * Tasks that hold all words, the best first: a word of a title counts more than one of a body, and that more than one
   * of a comment. Words, "phrases", prefix* and -exclusions are understood; a text without a word finds nothing.
   *
   * @throws BoardError `INVALID`
   */
  async search(text: string, query: TaskSearchQuery): Promise<readonly TaskHit[]> {
    if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > MOST_ROWS) throw invalidField('limit', `1 to ${MOST_ROWS}`)
    const terms = searchTermsOf(text)
    const expression = expressionOf(terms)
    if (expression === undefined) return []
    await this.#refresh()
    const find = () => this.#database.read((db) => hitsOf(db, { ...query, expression, terms }))
    try {
      return await find()
    } catch (error) {
      if (codeOf(error) !== 'INDEX_CORRUPT') throw error
      await this.rebuild()
      await this.catchUp()
      return find()
    }
  }

  /** What was written a moment ago is found; where nothing can be written, what was known before is. */
  async #refresh(): Promise<void> {
    try {
      await this.catchUp()
    } catch (error) {
      if (!CANNOT_WRITE.has(codeOf(error))) throw error
    }
  }
}

function expressionOf(terms: readonly SearchTerm[]): string | undefined {
  const wanted = terms.filter((term) => !term.isExcluded).map(phraseOf)
  if (wanted.length === 0) return undefined
  const excluded = terms.filter((term) => term.isExcluded).map(phraseOf)
  return `(${wanted.join(' AND ')})${excluded.length > 0 ? ` NOT (${excluded.join(' OR ')})` : ''}`
}

interface Search extends TaskSearchQuery {
  readonly expression: string
  readonly terms: readonly SearchTerm[]
}

async function hitsOf(db: Snapshot<BoardTables>, search: Search): Promise<readonly TaskHit[]> {
  const numbers = await bestHits(db, search)
  if (numbers.length === 0) return []
  const rows = await db
    .selectFrom('task')
    .select([...TASK_COLUMNS, 'body', labelsColumn])
    .where('number', 'in', numbers)
    .execute()
  const byNumber = new Map(rows.map((row) => [row.number, row]))
  const hits: TaskHit[] = []
  for (const number of numbers) {
    const row = byNumber.get(number)
    if (row) hits.push({ task: taskOf(row), ...(await placeOf(db, row, search.terms)) })
  }
  return hits
}

async function bestHits(db: Snapshot<BoardTables>, { expression, states, assignee, limit }: Search): Promise<number[]> {
  const isWanted = states ? sql`task.state in (${sql.join(states)})` : sql`task.state <> 'archived'`
  const isTheirs = assignee === undefined ? sql`` : sql`and task.assignee = ${assignee}`
  const { rows } = await sql<{ number: number }>`
    select hit.rowid as number from task_fts as hit
    cross join task on task.number = hit.rowid
    where task_fts match ${expression} and task.deleted_at is null and ${isWanted} ${isTheirs}
    and hit.rowid >= (select min(rowid) from (select rowid from task_fts where task_fts match ${expression} order by rowid desc limit ${RANKED_HITS}))
    order by bm25(task_fts, 10.0, 3.0, 1.0), hit.rowid desc limit ${limit}`.execute(db)
  return rows.map(({ number }) => number)
}

/** Where the words are shown: the title stands beside the hit anyway, so it is named only when they are nowhere else. */
async function placeOf(
  db: Snapshot<BoardTables>,
  { number, title, body }: { readonly number: number; readonly title: string; readonly body: string },
  terms: readonly SearchTerm[],
): Promise<Pick<TaskHit, 'field' | 'snippet'>> {
  const inBody = snippetOf(body, terms)
  if (inBody.matches.length > 0) return { field: 'body', snippet: inBody }
  const inTitle = snippetOf(title, terms)
  if (inTitle.matches.length > 0) return { field: 'title', snippet: inTitle }
  const comments = await db.selectFrom('comment').select('body').where('task_number', '=', number).orderBy('id', 'desc').limit(SHOWN_COMMENTS).execute()
  const inComments = comments.map((comment) => snippetOf(comment.body, terms)).find(({ matches }) => matches.length > 0)
  return inComments ? { field: 'comments', snippet: inComments } : { field: 'title', snippet: inTitle }
}
