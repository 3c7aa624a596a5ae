import { createHash } from 'node:crypto'
import { codeOf } from '@talaria/core'
import { sql } from 'kysely'
import type { z } from 'zod'
import type { Database } from '../../database.ts'
import { createFileOf } from '../../files.ts'
import type { Actor } from '../records.ts'
import type { BoardTables } from '../tables.ts'
import { PORTABLE_TABLE_NAMES, PORTABLE_TABLES, PortableBoard, PortableEnd, type PortableTable } from './portable-tables.ts'
import { settleImport } from './settle-import.ts'
import { brokenArchive, tarEntries } from './tar.ts'

/** Rows of one part, of ours: more would be more values than one statement takes. */
const MOST_PART_ROWS = 500

const PART_NAME = /^([a-z_]{1,30})\/\d{6}\.jsonl$/
const FILE_NAME = /^attachments\/(att_[0-9a-f]{32})$/

/** What must be put into a row that its archive does not say, because it was true of another place or time. */
const FIXED: Partial<Record<PortableTable, Readonly<Record<string, unknown>>>> = {
  run: { dispatcher: '', host: '', token_hash: '', lease_expires_at: 0 },
  // Two boards would do at the same times what one did.
  routine: { state: 'paused', next_slot: null },
}

export interface ImportBoardOptions {
  /** Where the bytes of attachments go. */
  readonly folder: string
  readonly actor: Actor
  readonly at: number
}

/**
 * Writes the rows and files of an archive, unpacked, into an empty database that nobody else knows of yet, and leaves it
 * as if the board had always been there, but for its name. Nothing of an archive is a path, and nothing of it is trusted.
 *
 * @returns what the archive says the board is.
 * @throws BoardError `INVALID` when the archive is broken; what was written by then is to be thrown away.
 */
export async function importBoard(database: Database<BoardTables>, archive: AsyncIterable<Uint8Array>, options: ImportBoardOptions): Promise<PortableBoard> {
  let board: PortableBoard | undefined
  let end: PortableEnd | undefined
  const rows: Record<string, number> = Object.fromEntries(PORTABLE_TABLE_NAMES.map((table) => [table, 0]))
  let files = 0
  for await (const { name, bytes } of tarEntries(archive)) {
    if (end) throw brokenArchive('something comes after its end')
    if (!board) {
      if (name !== 'board.json') throw brokenArchive('it does not say what it is')
      board = parsed(PortableBoard, textOf(bytes, name), name)
      continue
    }
    const table = PART_NAME.exec(name)?.[1]
    const attachment = FILE_NAME.exec(name)?.[1]
    if (name === 'end.json') end = parsed(PortableEnd, textOf(bytes, name), name)
    else if (attachment !== undefined) {
      await importFile(database, { id: attachment, bytes, folder: options.folder })
      files += 1
    } else if (table !== undefined && isPortable(table)) rows[table]! += await importPart(database, table, bytes)
    else throw brokenArchive(`nothing is known of '${name.slice(0, 60)}'`)
  }
  if (!board || !end) throw brokenArchive('it ends too early')
  if (files !== end.files || PORTABLE_TABLE_NAMES.some((table) => rows[table] !== end.rows[table])) throw brokenArchive('parts of it are missing')
  await settleImport(database, { ...options, board })
  return board
}

async function importPart(database: Database<BoardTables>, table: PortableTable, bytes: Uint8Array): Promise<number> {
  const lines = textOf(bytes, table)
    .split('\n')
    .filter((line) => line !== '')
  if (lines.length > MOST_PART_ROWS) throw brokenArchive(`a part of '${table}' is too large`)
  if (lines.length === 0) return 0
  const rows = lines.map((line) => ({ ...parsed<Record<string, unknown>>(PORTABLE_TABLES[table], line, table), ...FIXED[table] }))
  try {
    await database.write((tx) => {
      const columns = Object.keys(rows[0]!)
      const values = rows.map((row) => sql`(${sql.join(columns.map((column) => row[column]))})`)
      return sql`insert into ${sql.table(table)} (${sql.join(columns.map((column) => sql.ref(column)))}) values ${sql.join(values)}`.execute(tx)
    })
  } catch (error) {
    if (codeOf(error) === 'CONSTRAINT') throw brokenArchive(`two rows of '${table}' are one`, error)
    throw error
  }
  return rows.length
}

async function importFile(
  database: Database<BoardTables>,
  { id, bytes, folder }: { readonly id: string; readonly bytes: Uint8Array; readonly folder: string },
) {
  const row = await database.read((db) => db.selectFrom('attachment').select(['bytes', 'sha256']).where('id', '=', id).executeTakeFirst())
  if (!row) throw brokenArchive('a file belongs to no task')
  if (row.bytes !== bytes.byteLength || row.sha256 !== createHash('sha256').update(bytes).digest('hex')) throw brokenArchive('a file is damaged')
  createFileOf(`${folder}/${id}`, bytes)
}

function isPortable(table: string): table is PortableTable {
  return Object.hasOwn(PORTABLE_TABLES, table)
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw brokenArchive(`'${name}' is no text`, error)
  }
}

function parsed<Output>(schema: z.ZodType<Output>, text: string, name: string): Output {
  try {
    return schema.parse(JSON.parse(text))
  } catch (error) {
    throw brokenArchive(`'${name}' holds what it cannot hold`, error)
  }
}
