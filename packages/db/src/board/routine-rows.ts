import { isTimezone } from '@talaria/core/schedule'
import type { Selectable } from 'kysely'
import { z } from 'zod'
import { decodeJson } from '../json-column.ts'
import { SchedulesColumn } from '../schedules-column.ts'
import { invalidField } from './board-error.ts'
import type { Routine, RoutineDefinition, RoutineTemplate } from './routine-records.ts'
import type { RoutineTable } from './tables.ts'
import { checkedTask, checkName } from './task-checks.ts'

const MOST_SCHEDULES = 20

const TemplateColumn = z.custom<RoutineTemplate>((value) => typeof value === 'object' && value !== null && 'title' in value)

/** A routine as its row says. */
export function routineOf(row: Selectable<RoutineTable>): Routine {
  return {
    id: row.id,
    name: row.name,
    template: decodeJson(row.template, TemplateColumn, 'routine.template'),
    schedules: decodeJson(row.schedules, SchedulesColumn, 'routine.schedules'),
    timezone: row.timezone,
    catchUp: row.catch_up as Routine['catchUp'],
    overlap: row.overlap as Routine['overlap'],
    state: row.state as Routine['state'],
    createdBy: row.created_by,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    revision: row.revision,
    plannedAt: row.planned_at,
    nextSlot: row.next_slot,
    fired: row.fired,
    lastTask: row.last_task === null ? null : Number(row.last_task),
  }
}

/** The columns of what a routine is. */
export function definitionColumns({ name, template, schedules, timezone, catchUp, overlap }: RoutineDefinition) {
  return { name, template: JSON.stringify(template), schedules: JSON.stringify(schedules), timezone, catch_up: catchUp, overlap }
}

/** A definition as it is stored. @throws BoardError `INVALID` that names the field */
export function checkedRoutine(definition: RoutineDefinition): RoutineDefinition {
  const { schedules, timezone, catchUp, overlap } = definition
  if (schedules.length === 0 || schedules.length > MOST_SCHEDULES) throw invalidField('schedules', `1 to ${MOST_SCHEDULES} of them`)
  if (!isTimezone(timezone)) throw invalidField('timezone', 'a time zone such as Europe/Berlin')
  if (!['skip', 'one', 'all'].includes(catchUp)) throw invalidField('catchUp', 'skip, one or all')
  if (!['skip', 'queue'].includes(overlap)) throw invalidField('overlap', 'skip or queue')
  return { ...definition, name: checkName('name', definition.name), template: checkedTask(definition.template) }
}
