import type { BoardEvent, EventKind, Task } from '@talaria/db'
import { safeLine, safeText } from '../command/safe-text.ts'
import { DEFAULT_BOARD } from '../boards/default-board.ts'

/** As much as is read in a notification of a phone. */
const LONGEST_LINE = 200

/** What happened, and the task that it happened to as it is now. */
export interface ToldEvent {
  readonly event: BoardEvent
  /** None where it is about the board, or its task was removed. */
  readonly task: Pick<Task, 'number' | 'title' | 'assignee' | 'reviewer'> | undefined
}

/** An event in words: a sign and a few words that say what became of the task, and what was said about it. */
interface Wording {
  readonly sign: string
  readonly what: string
  readonly detail?: string
}

type Payload = BoardEvent['payload']

const WORDINGS: Partial<Record<EventKind, (told: ToldEvent, board: string) => Wording>> = {
  'task.completed': ({ event: { payload } }) => ({
    ...(payload['verdict'] === 'failure' ? { sign: '✖', what: 'done, and failed' } : { sign: '✔', what: 'done' }),
    detail: textIn(payload, 'summary'),
  }),
  'task.blocked': ({ event: { payload } }) => ({
    sign: '⏸',
    what: 'blocked',
    detail: textIn(payload, 'reason') || 'Tasks that it waited for have ended so that it can never begin.',
  }),
  'task.unblocked': () => ({ sign: '▶', what: 'unblocked' }),
  'task.gave_up': ({ event: { payload } }) => ({ sign: '✖', what: 'given up', detail: failureText(payload) }),
  'task.failed': ({ event: { payload } }) => ({
    ...(failureIn(payload).class === 'timeout' ? { sign: '⏱', what: 'timed out' } : { sign: '✖', what: 'failed' }),
    detail: failureText(payload),
  }),
  'task.review_requested': ({ event: { payload }, task }) => ({
    sign: '👀',
    what: task?.reviewer ? `in review by @${safeLine(task.reviewer, 40)}` : 'ready for review',
    detail: textIn(payload, 'summary'),
  }),
  'task.changes_requested': ({ event: { payload } }) => ({ sign: '🛑', what: 'sent back', detail: textIn(payload, 'reason') }),
  'approval.asked': ({ event: { payload, taskNumber } }, board) => ({
    sign: '❓',
    what: 'waits for a word',
    ...(payload['gate'] === 'person' && { detail: `Answer with ${answerOf('approve', taskNumber, board)} or ${answerOf('deny', taskNumber, board)}` }),
  }),
  'approval.answered': ({ event: { payload } }) => ({
    ...(payload['approved'] ? { sign: '👍', what: 'approved' } : { sign: '👎', what: 'denied' }),
    detail: textIn(payload, 'reason'),
  }),
  'comment.added': ({ event: { actor } }) => ({ sign: '💬', what: `commented by ${safeLine(actor, 60)}` }),
  'run.progress': ({ event: { payload } }) => ({ sign: '…', what: 'goes on', detail: textIn(payload, 'note') }),
  'task.created': () => ({ sign: '➕', what: 'created' }),
  'task.claimed': () => ({ sign: '▶', what: 'begun' }),
  'task.archived': () => ({ sign: '🗄', what: 'archived' }),
  'board.paused': ({ event: { payload } }) => ({ sign: '⏸', what: 'paused', detail: textIn(payload, 'reason') }),
  'board.resumed': () => ({ sign: '▶', what: 'resumed' }),
}

/** What happened, in a word or two: what digests count. */
export function outcomeOf(told: ToldEvent): string {
  return wordingOf(told, DEFAULT_BOARD).what
}

/** What happened, on one line: `✔ #12 done: Write the report (@anna)`. */
export function eventHeadline(told: ToldEvent, board: string): string {
  const { sign, what } = wordingOf(told, board)
  const { event, task } = told
  const place = board === DEFAULT_BOARD && event.taskNumber !== null ? '' : `[${board}] `
  if (event.taskNumber === null) return `${sign} ${place}The board is ${what}.`
  const title = task ? `: ${safeLine(task.title, LONGEST_LINE)}` : ''
  const assignee = task?.assignee ? ` (@${safeLine(task.assignee, 40)})` : ''
  return `${sign} ${place}#${event.taskNumber} ${what}${title}${assignee}`
}

/** What happened, for a message to people: the headline, and the first line of what was said about it. */
export function describeEvent(told: ToldEvent, board: string): string {
  const { detail = '' } = wordingOf(told, board)
  const first = detail.split('\n').find((line) => line.trim() !== '')
  return first === undefined ? eventHeadline(told, board) : `${eventHeadline(told, board)}\n${safeLine(first, LONGEST_LINE)}`
}

/** The same for a conversation that is to go on from it: everything that was said. */
export function describeForAgent(told: ToldEvent, board: string): string {
  const { detail = '' } = wordingOf(told, board)
  return [`[kanban] ${eventHeadline(told, board)}`, safeText(detail).trim()].filter(Boolean).join('\n')
}

function wordingOf(told: ToldEvent, board: string): Wording {
  const { kind } = told.event
  return WORDINGS[kind]?.(told, board) ?? { sign: '•', what: kind.slice(kind.indexOf('.') + 1).replaceAll('_', ' ') }
}

function answerOf(verb: 'approve' | 'deny', taskNumber: number | null, board: string): string {
  return `/kanban ${board === DEFAULT_BOARD ? '' : `--board ${board} `}${verb} ${taskNumber}`
}

function textIn(payload: Payload, key: string): string {
  const value = payload[key]
  return typeof value === 'string' ? value : ''
}

function failureIn(payload: Payload): { readonly class?: string; readonly message?: string } {
  return payload['failure'] ?? {}
}

function failureText(payload: Payload): string {
  const { message = '' } = failureIn(payload)
  const attempt = payload['attempt']
  return typeof attempt === 'number' ? `Attempt ${attempt}: ${message}` : message
}
