import type { Selectable } from 'kysely'
import { z } from 'zod'
import { decodeJson } from '../json-column.ts'
import type { Board, BoardSettings } from './records.ts'
import type { BoardTable } from './tables.ts'

const SettingsColumn = z.custom<BoardSettings>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))

export function boardOf(row: Selectable<BoardTable>): Board {
  return {
    slug: row.slug,
    name: row.name,
    description: row.description,
    icon: row.icon,
    colour: row.colour,
    settings: decodeJson(row.settings, SettingsColumn, 'board.settings'),
    pausedAt: row.paused_at,
    pausedReason: row.paused_reason,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    revision: row.revision,
    archivedAt: row.archived_at,
    deletedAt: row.deleted_at,
  }
}
