import { z } from 'zod'
import { invalidField } from './board-error.ts'
import type { NewTask, TaskChanges } from './records.ts'
import { TaskSettingsSchema } from './task-settings.ts'

const LONGEST_TITLE = 500
const LONGEST_BODY = 1_000_000
const LONGEST_NAME = 200
const MOST_LABELS = 50
const MOST_PARENTS = 1_000
/** Ranks stay within the numbers that JavaScript counts exactly. */
const HIGHEST_PRIORITY = 1_000_000
/** The year 5000: later is a slip of the pen, or seconds taken for milliseconds. */
const LATEST = 95_617_584_000_000

/** The fields of a new task as they are stored. @throws BoardError `INVALID` that names the field and what was expected of it */
export function checkedTask(task: NewTask): NewTask {
  const { title, labels, assignee, parents = [], idempotencyKey, blocked, settings } = task
  if (task.isTriage && blocked) throw invalidField('blocked', 'nothing, when it is to be specified first')
  if (!Array.isArray(parents) || parents.length > MOST_PARENTS) throw invalidField('parents', `at most ${MOST_PARENTS} tasks`)
  if (task.parentsMode !== undefined && !['all', 'any'].includes(task.parentsMode)) throw invalidField('parentsMode', 'all or any')
  for (const { condition = 'success' } of parents) checkCondition(condition)
  if (idempotencyKey !== undefined) checkName('idempotencyKey', idempotencyKey)
  if (blocked) checkText('blocked.reason', blocked.reason, 4_000)
  return {
    ...task,
    ...checkedFields({ ...task, ...(settings && { settings }) }),
    title: checkedTitle(title),
    ...(assignee !== undefined && { assignee: checkName('assignee', assignee) }),
    ...(labels && { labels: checkedLabels(labels) }),
    ...(task.notBefore !== undefined && { notBefore: checkTime('notBefore', task.notBefore) }),
  }
}

/** Changes to a task as they are stored. @throws BoardError `INVALID` */
export function checkedChanges(changes: TaskChanges): TaskChanges {
  return {
    ...changes,
    ...checkedFields(changes),
    ...(changes.title !== undefined && { title: checkedTitle(changes.title) }),
    ...(changes.labels && { labels: checkedLabels(changes.labels) }),
  }
}

/** A name of somebody or something: an assignee, a tenant, a key. */
export function checkName(field: string, value: string): string {
  // Control characters in a name would be invisible where people compare it.
  if (typeof value !== 'string' || value.trim() === '' || value.length > LONGEST_NAME || /\p{Cc}/u.test(value)) {
    throw invalidField(field, `1 to ${LONGEST_NAME} characters on one line`)
  }
  return value.trim()
}

/** Words of a person: a reason, a summary. */
export function checkText(field: string, value: string, longest = LONGEST_BODY): string {
  if (typeof value !== 'string' || value.trim() === '' || value.length > longest) throw invalidField(field, `1 to ${longest} characters`)
  return clean(value)
}

export function checkTime(field: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > LATEST) throw invalidField(field, 'a time in milliseconds since 1970')
  return value
}

export function checkCondition(condition: string): void {
  if (!['success', 'failure', 'always'].includes(condition)) throw invalidField('condition', 'success, failure or always')
}

type Fields = Pick<TaskChanges, 'body' | 'priority' | 'tenant' | 'dueAt' | 'estimateMinutes' | 'columnKey' | 'reviewer'> & {
  readonly settings?: object
}

/** What new tasks and changes have in common. */
function checkedFields({ body, priority, tenant, dueAt, estimateMinutes, columnKey, reviewer, settings }: Fields): object {
  if (body !== undefined && (typeof body !== 'string' || body.length > LONGEST_BODY)) throw invalidField('body', `at most ${LONGEST_BODY} characters`)
  if (priority !== undefined && !(Number.isInteger(priority) && Math.abs(priority) <= HIGHEST_PRIORITY))
    throw invalidField('priority', `a whole number from -${HIGHEST_PRIORITY} to ${HIGHEST_PRIORITY}`)
  if (estimateMinutes != null && !(Number.isInteger(estimateMinutes) && estimateMinutes > 0 && estimateMinutes < 10_000_000))
    throw invalidField('estimateMinutes', 'a whole number of minutes')
  if (dueAt != null) checkTime('dueAt', dueAt)
  if (settings !== undefined) checkSettings(settings)
  return {
    ...(body !== undefined && { body: clean(body) }),
    ...(tenant != null && { tenant: checkName('tenant', tenant) }),
    ...(columnKey != null && { columnKey: checkName('columnKey', columnKey) }),
    ...(reviewer != null && { reviewer: checkName('reviewer', reviewer) }),
  }
}

function checkSettings(settings: object): void {
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null))
  const { error } = TaskSettingsSchema.safeParse(given)
  if (!error) return
  const [issue] = error.issues
  throw invalidField(['settings', ...(issue?.path ?? [])].join('.'), z.prettifyError(error).split('\n')[0]!.replace(/^✖ /, ''))
}

function checkedTitle(title: string): string {
  if (typeof title !== 'string' || title.trim() === '' || title.length > LONGEST_TITLE)
    throw invalidField('title', `1 to ${LONGEST_TITLE} characters, not blank`)
  const line = clean(title.replaceAll(/\p{Cc}+/gu, ' ')).trim()
  if (line === '') throw invalidField('title', `1 to ${LONGEST_TITLE} characters, not blank`)
  return line
}

/** Once each, in their order. */
function checkedLabels(labels: readonly string[]): readonly string[] {
  if (!Array.isArray(labels) || labels.length > MOST_LABELS) throw invalidField('labels', `at most ${MOST_LABELS}`)
  return [...new Set(labels.map((label) => checkName('labels', label)))].toSorted()
}

/** SQLite's text functions end at a NUL, and half a surrogate pair comes back as something else. */
function clean(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}
