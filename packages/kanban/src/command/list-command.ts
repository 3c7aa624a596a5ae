import type { TaskState } from '@talaria/db'
import { type Command, Option } from 'commander'
import { addLeaf, type Json } from './add-leaf.ts'
import type { CommandContext } from './command-context.ts'
import { gathered, wholeNumber } from './option-values.ts'
import { taskTable } from './task-lines.ts'
import { UsageError } from './usage-error.ts'

const STATES: readonly TaskState[] = ['triage', 'todo', 'scheduled', 'ready', 'running', 'review', 'blocked', 'done', 'archived']

interface ListOptions extends Json {
  readonly state?: readonly string[]
  readonly assignee?: string
  readonly mine?: boolean
  readonly label?: string
  readonly tenant?: string
  readonly text?: string
  readonly session?: string
  readonly due?: string
  readonly column?: string
  readonly archived?: boolean
  readonly deleted?: boolean
  readonly sort: 'priority' | 'created' | 'created-desc' | 'updated' | 'due' | 'title'
  readonly limit: number
  readonly after?: string
}

/** `list`: tasks that meet all conditions. */
export function addList(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'list', {
    aliases: ['ls'],
    description: 'List tasks, those that go first at the top.',
    examples: ['list', 'list --mine --state ready,blocked', 'list --label bug --sort due', 'list --assignee none --json'],
  })
    .option('--state <state>', `only these: ${STATES.join(', ')}`, gathered)
    .option('--assignee <name>', 'only those of this assignee; none is nobody')
    .option('--mine', 'only your own; in a chat, those that were asked for in this conversation')
    .option('--label <label>', 'only those with this label')
    .option('--tenant <name>', 'only those of this tenant')
    .option('--text <text>', 'only those with this in their title')
    .option('--session <id>', 'only those that this conversation asked for')
    .option('--due <time>', 'only those that are due before: friday, 2030-01-31')
    .option('--column <key>', 'only those in this column of the board')
    .option('--archived', 'archived ones, too')
    .option('--deleted', 'deleted ones, too')
    .addOption(new Option('--sort <order>', 'order').choices(['priority', 'created', 'created-desc', 'updated', 'due', 'title']).default('priority'))
    .option('--limit <count>', 'how many at most, up to 500', wholeNumber(1), 50)
    .option('--after <cursor>', 'the next page, by what the page before ended with')
    .action(async (options: ListOptions) => {
      const { tasks } = await context.stores()
      const page = await tasks.list(queryOf(options, context))
      context.answer(options.json, page, () => {
        if (page.tasks.length === 0) return 'There are no such tasks.'
        const next = page.nextCursor === undefined ? '' : `\nThere are more: --after ${page.nextCursor}`
        return taskTable(page.tasks, context) + next
      })
    })
}

function queryOf(options: ListOptions, context: CommandContext) {
  const { state, assignee, label, tenant, text, session, due, column, archived, deleted, sort, limit, after } = options
  return {
    sort,
    limit,
    ...(options.mine && mineOf(context)),
    ...(state && { states: state.map(stateOf) }),
    ...(assignee !== undefined && { assignee: assignee === 'none' ? null : assignee }),
    ...(label !== undefined && { label }),
    ...(tenant !== undefined && { tenant }),
    ...(text !== undefined && { text }),
    ...(session !== undefined && { sessionId: session }),
    ...(due !== undefined && { dueBefore: context.time(due) }),
    ...(column !== undefined && { column }),
    ...(archived && { includeArchived: true }),
    ...(deleted && { includeDeleted: true }),
    ...(after !== undefined && { after }),
  }
}

function mineOf({ options: { origin, user } }: CommandContext): { readonly sessionId: string } | { readonly assignee: string } {
  if (origin?.sessionId !== undefined) return { sessionId: origin.sessionId }
  if (user !== undefined) return { assignee: user }
  throw new UsageError('Nobody knows here whose tasks are yours. Use --assignee.')
}

function stateOf(text: string): TaskState {
  const state = STATES.find((one) => one === text.toLowerCase())
  if (!state) throw new UsageError(`'${text.slice(0, 40)}' is no state. There are ${STATES.join(', ')}.`)
  return state
}
