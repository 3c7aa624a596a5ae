import type { BoardStores, Claim, Run, TaskDetail } from '@talaria/db'
import { shortened } from './shortened.ts'

const BODY_BYTES = 8 * 1_024
const RESULT_BYTES = 4 * 1_024
const COMMENT_BYTES = 2 * 1_024
const ATTEMPT_BYTES = 1_024
const MOST_ATTEMPTS = 10
const MOST_COMMENTS = 30
const MOST_PARENTS = 30
const MOST_OTHERS = 5
const MOST_ATTACHMENTS = 50

/** Whatever a task drags along, its worker's context is no longer than this. */
const TOTAL_BYTES = 128 * 1_024

/** The attempt that a context is for. */
interface Attempt {
  readonly claim: Pick<Claim, 'board' | 'taskNumber'>
  readonly run: Pick<Run, 'id' | 'attempt' | 'assignee' | 'deadlineAt' | 'sourceState'>
}

/**
 * What a worker is told of its task, as text: what is to be done, what came before it, and how it ends. It holds nothing of
 * another board, and words of others are framed with who said them, because they are no instructions of ours.
 */
export async function runContext(stores: BoardStores, { claim, run }: Attempt, now: number): Promise<string> {
  const task = await stores.tasks.get(claim.taskNumber)
  if (!task) return ''
  const [board, attachments, runs, comments] = await Promise.all([
    stores.board.get(),
    stores.attachments.list(task.number),
    stores.claims.ofTask(task.number),
    stores.comments.latest(task.number, MOST_COMMENTS),
  ])
  const sections = [
    `# Task #${task.number} on board ${claim.board}: ${shortened(oneLine(task.title), 500)}`,
    facts(task, run, now),
    section('What is to be done', shortened(task.body.trim(), BODY_BYTES) || 'The title says it all.'),
    ...(run.sourceState === 'review' ? [section('What you review', review(task))] : []),
    ...(attachments.length > 0
      ? [
          section(
            'Files of the task',
            list(attachments.slice(0, MOST_ATTACHMENTS), ({ id, name, bytes }) => `${name} (${id}, ${size(bytes)})`),
          ),
        ]
      : []),
    ...(await parentSections(stores, task, now)),
    ...attemptSections(
      runs.filter(({ id, endedAt }) => id !== run.id && endedAt !== null),
      now,
    ),
    ...(await otherSections(stores, task, run, now)),
    ...(comments.length > 0
      ? [
          section(
            'Comments, the newest last',
            comments.map(({ author, body, createdAt }) => framed(`comment from ${author}, ${ago(createdAt, now)}`, shortened(body, COMMENT_BYTES))).join('\n'),
          ),
        ]
      : []),
    ...(board.description ? [section('About this board', shortened(board.description, RESULT_BYTES))] : []),
    section('How it ends', ending(task, run)),
  ]
  // The end is what a worker cannot do without; the middle is what can be asked for.
  return shortened(sections.slice(0, -1).join('\n\n'), TOTAL_BYTES - 4_096) + `\n\n${sections.at(-1)!}\n`
}

function facts(task: TaskDetail, { attempt, assignee, deadlineAt }: Attempt['run'], now: number): string {
  const lines = [
    `Assignee: ${assignee ?? 'nobody'}. Attempt ${attempt}. Priority ${task.priority}.`,
    ...(task.labels.length > 0 ? [`Labels: ${task.labels.slice(0, 50).join(', ')}.`] : []),
    ...(task.tenant === null ? [] : [`Tenant: ${task.tenant}.`]),
    ...(task.dueAt === null ? [] : [`Due: ${new Date(task.dueAt).toISOString()}.`]),
    ...(deadlineAt === null
      ? []
      : [`This attempt may take until ${new Date(deadlineAt).toISOString()} (${Math.max(0, Math.round((deadlineAt - now) / 60_000))} minutes).`]),
  ]
  return lines.join('\n')
}

function review({ implementer, summary, result }: TaskDetail): string {
  const said = [summary, result].filter((text) => text !== null).map((text) => shortened(text, RESULT_BYTES))
  return [`${implementer ?? 'Somebody'} asks for a review.`, ...said.map((text) => framed(`result of ${implementer ?? 'somebody'}`, text))].join('\n')
}

async function parentSections({ tasks }: BoardStores, task: TaskDetail, now: number): Promise<readonly string[]> {
  const links = (await tasks.links([task.number])).filter(({ childNumber }) => childNumber === task.number).slice(0, MOST_PARENTS)
  const parents = await Promise.all(links.map(({ parentNumber }) => tasks.get(parentNumber)))
  const results = parents.flatMap((parent) => {
    if (!parent || parent.deletedAt !== null || parent.endedAt === null) return []
    const { number, title, verdict, summary, metadata, endedAt } = parent
    const said = [summary ?? 'No summary.', ...(metadata ? [JSON.stringify(metadata)] : [])].join('\n')
    return [framed(`#${number} ${shortened(oneLine(title), 200)}: ${verdict ?? 'ended'}, ${ago(endedAt, now)}`, shortened(said, RESULT_BYTES))]
  })
  if (results.length === 0) return []
  return [section('What came before', `Things may have changed since; look before you rely on it.\n${results.join('\n')}`)]
}

function attemptSections(ended: readonly Run[], now: number): readonly string[] {
  if (ended.length === 0) return []
  const last = ended.slice(-MOST_ATTEMPTS)
  const earlier = ended.length - last.length
  const lines = list(last, ({ attempt, assignee, outcome, endedAt, summary, failure }) => {
    const said = failure?.message ?? summary
    return `attempt ${attempt} by ${assignee ?? 'nobody'}: ${outcome ?? 'ended'}, ${ago(endedAt!, now)}${said ? `: ${shortened(oneLine(said), ATTEMPT_BYTES)}` : ''}`
  })
  return [section('Earlier attempts', earlier > 0 ? `${earlier} more before these.\n${lines}` : lines)]
}

async function otherSections({ tasks }: BoardStores, task: TaskDetail, { assignee }: Attempt['run'], now: number): Promise<readonly string[]> {
  if (assignee === null) return []
  const { tasks: done } = await tasks.list({ states: ['done'], assignee, sort: 'updated', limit: MOST_OTHERS + 1 })
  const others = done.filter(({ number }) => number !== task.number).slice(0, MOST_OTHERS)
  if (others.length === 0) return []
  const line = (other: (typeof others)[number]) =>
    `#${other.number} ${shortened(oneLine(other.title), 200)}, ${ago(other.endedAt ?? other.updatedAt, now)}${other.summary ? `: ${shortened(oneLine(other.summary), 400)}` : ''}`
  return [section(`What ${assignee} did last`, list(others, line))]
}

function ending({ settings }: TaskDetail, { sourceState }: Attempt['run']): string {
  const { checks = [], gates = [] } = settings
  const lines = [
    sourceState === 'review'
      ? 'You review: complete the task when it is good, or request changes and say what is wrong. Do not do the work anew.'
      : 'When it is done, complete the task with a summary of what was done and what came of it. Tasks that wait for it read that.',
    'When it cannot be done without somebody or something, block it and say what you need. When it should be looked at first, request a review.',
    'Ending without one of these counts as a failure. Files that came of it are named as artifacts, relative to the workspace.',
    ...checks.map((check) => {
      if (check.kind === 'command') return `Before a completion is taken, this must exit with 0 in the workspace: ${check.command}`
      if (check.kind === 'files') return `Before a completion is taken, these files must be there: ${check.paths.join(', ')}`
      return `Before a completion is taken, the checks of the pull request must have passed: ${check.repository}${check.number === undefined ? '; name yours as pull_request in the metadata' : `#${check.number}`}`
    }),
    ...(gates.some(({ kind }) => kind === 'person') ? ['A person approves of the result after that.'] : []),
  ]
  return lines
    .map((line) => shortened(line, RESULT_BYTES))
    .slice(0, 60)
    .join('\n')
}

const section = (title: string, text: string) => `## ${title}\n${text}`

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim()

/** Words of others: whatever they say, where they end is not theirs to say. */
function framed(who: string, text: string): string {
  return `--- ${oneLine(who)} ---\n${text.replaceAll(/^---/gm, '- - -')}\n--- end ---`
}

function list<Item>(items: readonly Item[], lineOf: (item: Item) => string): string {
  return items.map((item) => `- ${lineOf(item)}`).join('\n')
}

function size(bytes: number): string {
  return bytes < 1_024 ? `${bytes} bytes` : bytes < 1_048_576 ? `${Math.round(bytes / 1_024)} KB` : `${(bytes / 1_048_576).toFixed(1)} MB`
}

function ago(at: number, now: number): string {
  const minutes = Math.max(0, Math.round((now - at) / 60_000))
  if (minutes < 60) return `${minutes} minutes ago`
  return minutes < 2_880 ? `${Math.round(minutes / 60)} hours ago` : `${Math.round(minutes / 1_440)} days ago`
}
