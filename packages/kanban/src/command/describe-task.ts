import type { Approval, Attachment, BoardEvent, Comment, Link, Run, Spend, TaskDetail } from '@talaria/db'
import { fromNow, lengthOf } from './age.ts'
import { eventLine } from './event-line.ts'
import type { Palette } from './palette.ts'
import { safeLine, safeText } from './safe-text.ts'

/** A task with what belongs to it. */
export interface ShownTask {
  readonly task: TaskDetail
  readonly links: readonly Link[]
  readonly runs: readonly Run[]
  readonly comments: readonly Comment[]
  readonly attachments: readonly Attachment[]
  readonly approvals: readonly Approval[]
  /** Newest first. */
  readonly events: readonly BoardEvent[]
}

interface Seen {
  readonly now: number
  readonly palette: Palette
}

/** A task for people: what it is, how it stands, and what was said and done. */
export function describeTask(shown: ShownTask, seen: Seen): string {
  const { task } = shown
  const sections = [
    [`${seen.palette.strong(`#${task.number}`)} ${safeLine(task.title, 200)}`, ...factsOf(shown, seen)].join('\n'),
    safeText(task.body.trim()),
    task.result === null ? '' : `Result:\n${indented(safeText(task.result))}`,
    listed(
      'Files',
      shown.attachments.map(({ id, name, bytes }) => `${id}  ${safeLine(name)}  ${bytes} bytes`),
    ),
    listed(
      'Comments',
      shown.comments.map(({ author, body, createdAt }) => `${author}, ${fromNow(createdAt, seen.now)}: ${safeText(body)}`),
    ),
    listed(
      'Latest',
      shown.events.toReversed().map((event) => eventLine(event, seen)),
    ),
  ]
  return sections.filter((section) => section !== '').join('\n\n')
}

function factsOf({ task, links, runs, approvals }: ShownTask, { now, palette }: Seen): readonly string[] {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['state', `${palette.state(task.state)}${task.verdict === null ? '' : ` (${task.verdict})`}`],
    ['why', task.waiting ? safeLine(task.waiting.detail, 200) : undefined],
    ['blocked', task.block ? palette.bad(`${task.block.kind}: ${safeLine(task.block.reason, 200)}`) : undefined],
    ['assignee', task.assignee ?? 'nobody'],
    ['reviewer', task.reviewer ?? undefined],
    ['priority', String(task.priority)],
    ['labels', task.labels.join(', ') || undefined],
    ['tenant', task.tenant ?? undefined],
    ['made', `${fromNow(task.createdAt, now)} by ${task.createdBy}`],
    ['due', task.dueAt === null ? undefined : fromNow(task.dueAt, now)],
    ['begins', task.notBefore === null ? undefined : fromNow(task.notBefore, now)],
    [
      'waits for',
      relatives(
        links.filter(({ childNumber }) => childNumber === task.number),
        'parentNumber',
      ),
    ],
    [
      'then',
      relatives(
        links.filter(({ parentNumber }) => parentNumber === task.number),
        'childNumber',
      ),
    ],
    ['attempts', runs.length === 0 ? undefined : `${runs.length}${task.failures > 0 ? `, the last ${task.failures} failed` : ''}`],
    ['last failure', task.lastFailure ? palette.bad(`${task.lastFailure.code}: ${safeLine(task.lastFailure.message, 200)}`) : undefined],
    ['tries again', task.nextAttemptAt === null ? undefined : fromNow(task.nextAttemptAt, now)],
    ['approval', approvals.map(({ id, gate }) => `${id} (${gate.kind}) waits: approve or deny it`).join('; ') || undefined],
    ['took', task.runMs === 0 ? undefined : lengthOf(task.runMs)],
    ['spent', spent(task.spend)],
    ['summary', task.summary === null ? undefined : safeLine(task.summary, 400)],
    ['id', palette.faint(task.id)],
  ]
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(12)}  ${value}`]))
}

/** Tokens and money, `undefined` when it was neither. */
export function spent({ inputTokens, outputTokens, costMicros }: Spend): string | undefined {
  if (inputTokens + outputTokens === 0 && costMicros === 0) return undefined
  return `${inputTokens + outputTokens} tokens${costMicros > 0 ? `, ${(costMicros / 1_000_000).toFixed(2)} in money` : ''}`
}

function relatives(links: readonly Link[], key: 'parentNumber' | 'childNumber'): string | undefined {
  return links.map((link) => `#${link[key]} (on ${link.condition}, ${link.state})`).join(', ') || undefined
}

function listed(heading: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${heading}:\n${lines.map(indented).join('\n')}`
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
