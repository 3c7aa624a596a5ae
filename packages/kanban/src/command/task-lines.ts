import type { Task } from '@talaria/db'
import { fromNow, lengthOf } from './age.ts'
import type { Palette } from './palette.ts'
import { safeLine } from './safe-text.ts'
import { table } from './table.ts'

interface Seen {
  readonly now: number
  readonly palette: Palette
}

/** Tasks as people look through them, one a line. */
export function taskTable(tasks: readonly Task[], { now, palette }: Seen): string {
  const rows = tasks.map((task) => [
    palette.strong(`#${task.number}`),
    palette.state(task.state),
    task.priority === 0 ? '' : String(task.priority),
    task.assignee ?? palette.faint('nobody'),
    lengthOf(now - task.createdAt),
    [safeLine(task.title, 60), ...task.labels.map((label) => palette.faint(`[${label}]`))].join(' '),
    noteOn(task, now),
  ])
  return table(['TASK', 'STATE', 'PRIO', 'ASSIGNEE', 'AGE', 'TITLE', 'NOTE'], rows)
}

/** A task in a few words: `#12 ready "Fix the log-in"`. */
export function taskLine(task: Task, palette: Palette): string {
  return `${palette.strong(`#${task.number}`)} ${palette.state(task.state)} "${safeLine(task.title)}"`
}

/** The one thing that who looks through a list wants to know of a task. */
function noteOn(task: Task, now: number): string {
  if (task.state === 'blocked' && task.block) return `${task.block.kind}: ${safeLine(task.block.reason, 40)}`
  if (task.state === 'running' && task.startedAt !== null) return `attempt ${task.attempts}, ${lengthOf(now - task.startedAt)}`
  if (task.state === 'scheduled' && task.notBefore !== null) return fromNow(task.notBefore, now)
  if (task.dueAt !== null && task.endedAt === null) return `due ${fromNow(task.dueAt, now)}`
  if (task.state === 'done') return task.verdict === 'failure' ? 'failed' : safeLine(task.summary ?? '', 40)
  return task.waiting && task.waiting.code !== 'queued' ? task.waiting.code : ''
}
