import type { BoardEvent } from '@talaria/db'
import { fromNow } from './age.ts'
import type { Palette } from './palette.ts'
import { safeLine } from './safe-text.ts'

/** Of what an event says, that which people want to read beside its kind. */
const TELLING = ['title', 'reason', 'summary', 'note', 'body', 'to', 'assignee', 'wish', 'name', 'code', 'message', 'kind', 'verdict'] as const

/** What happened, on one line: `2 min ago  #12 task.completed by worker:run_…: all tests pass`. */
export function eventLine({ at, taskNumber, kind, actor, payload }: BoardEvent, { now, palette }: { readonly now: number; readonly palette: Palette }): string {
  const telling = TELLING.map((key) => payload[key]).find((value): value is string => typeof value === 'string' && value !== '')
  const about = taskNumber === null ? '' : `${palette.strong(`#${taskNumber}`)} `
  return `${palette.faint(fromNow(at, now).padEnd(14))} ${about}${kind} by ${safeLine(actor)}${telling === undefined ? '' : `: ${safeLine(telling)}`}`
}
