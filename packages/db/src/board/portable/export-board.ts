import { sql } from 'kysely'
import type { Source } from '../../database.ts'
import { readFileOf } from '../../files.ts'
import { boardOf } from '../board-rows.ts'
import type { BoardTables } from '../tables.ts'
import { portableBoardSettings, portableRow } from './portable-row.ts'
import { PORTABLE_TABLE_NAMES, PORTABLE_TABLES, PortableEnd, type PortableBoard, type PortableTable } from './portable-tables.ts'
import { tarEnd, tarEntry } from './tar.ts'

/** Rows of one file of an archive, fewer when they are long. */
const PART_ROWS = 200

/** Rows read at once: each may hold a text of a million characters. */
const PAGE_ROWS = 50

/** Long texts are written out before they add up to much more than this. */
const PART_CHARACTERS = 4_000_000

/**
 * The bytes of an archive of a board, to be compressed: a file with what the board is, files with its rows as JSON lines, a
 * file for each attachment, and one that says that it is whole. In memory is one of these files at a time.
 */
export async function* exportBoard(source: Source<BoardTables>, { folder, at }: { readonly folder: string; readonly at: number }): AsyncGenerator<Uint8Array> {
  const file = (name: string, content: Uint8Array | string) => tarEntry({ name, bytes: typeof content === 'string' ? Buffer.from(content) : content }, at)
  yield file('board.json', JSON.stringify(await portableBoard(source, at)))
  const rows: Record<string, number> = {}
  for (const table of PORTABLE_TABLE_NAMES) {
    let part = 0
    rows[table] = 0
    for await (const lines of partsOf(source, table, at)) {
      part += 1
      rows[table] += lines.length
      yield file(`${table}/${String(part).padStart(6, '0')}.jsonl`, lines.join(''))
    }
  }
  let files = 0
  for await (const id of attachmentIds(source)) {
    const bytes = readFileOf(`${folder}/${id}`)
    // Taken away since; whoever imports leaves out its row.
    if (!bytes) continue
    files += 1
    yield file(`attachments/${id}`, bytes)
  }
  yield file('end.json', JSON.stringify(PortableEnd.parse({ rows, files })))
  yield tarEnd()
}

async function portableBoard(source: Source<BoardTables>, at: number): Promise<PortableBoard> {
  return source.read(async (db) => {
    const board = boardOf(await db.selectFrom('board').selectAll().executeTakeFirstOrThrow())
    const { rows } = await sql<{ seq: number }>`select seq from sqlite_sequence where name = 'task'`.execute(db)
    const { slug, name, description, icon, colour, createdAt } = board
    return {
      format: 'talaria-board',
      version: 1,
      exportedAt: at,
      ...{ slug, name, description, icon, colour, createdAt },
      settings: portableBoardSettings(board.settings),
      lastTaskNumber: rows[0]?.seq ?? 0,
    }
  })
}

/** The rows of a table as lines, some at a time, in the order of its key. */
async function* partsOf(source: Source<BoardTables>, table: PortableTable, at: number): AsyncGenerator<string[]> {
  let lines: string[] = []
  let characters = 0
  for await (const row of rowsOf(source, table)) {
    const line = `${JSON.stringify(portableRow(table, row, at))}\n`
    lines.push(line)
    characters += line.length
    if (lines.length < PART_ROWS && characters < PART_CHARACTERS) continue
    yield lines
    lines = []
    characters = 0
  }
  if (lines.length > 0) yield lines
}

/** Tables without numbers of their own, by what their rows are in order of. */
const KEYS: Partial<Record<PortableTable, readonly string[]>> = {
  task_label: ['label', 'task_number'],
  link: ['parent_number', 'child_number'],
  spend: ['day'],
}

async function* rowsOf(source: Source<BoardTables>, table: PortableTable): AsyncGenerator<Readonly<Record<string, unknown>>> {
  const columns = Object.keys(PORTABLE_TABLES[table].shape)
  const key = KEYS[table] ?? ['rowid']
  const keyList = sql.join(key.map((column) => sql.ref(column)))
  const isThere = table === 'attachment' ? sql`deleted_at is null` : sql`true`
  for (let after: unknown[] | undefined; ;) {
    const isNext = after === undefined ? sql`true` : sql`(${keyList}) > (${sql.join(after)})`
    const { rows } = await source.read((db) =>
      sql<Record<string, unknown>>`select ${sql.join(columns.map((column) => sql.ref(column)))},
        ${sql.join(key.map((column, index) => sql`${sql.ref(column)} as ${sql.ref(`key ${index}`)}`))}
        from ${sql.table(table)} where ${isNext} and ${isThere} order by ${keyList} limit ${PAGE_ROWS}`.execute(db),
    )
    for (const row of rows) yield Object.fromEntries(columns.map((column) => [column, row[column]]))
    if (rows.length < PAGE_ROWS) return
    after = key.map((_, index) => rows.at(-1)![`key ${index}`])
  }
}

async function* attachmentIds(source: Source<BoardTables>): AsyncGenerator<string> {
  for await (const { id } of rowsOf(source, 'attachment')) yield id as string
}
