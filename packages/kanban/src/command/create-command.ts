import type { LinkCondition, NewTask } from '@talaria/db'
import { type Command, Option } from 'commander'
import { addLeaf, type Json } from './add-leaf.ts'
import type { CommandContext } from './command-context.ts'
import { gathered } from './option-values.ts'
import { readBody } from './read-body.ts'
import { taskLine } from './task-lines.ts'
import { addTaskOptions, hostOptionOf, settingsOf, type TaskOptions } from './task-options.ts'

interface CreateOptions extends TaskOptions, Json {
  readonly assignee?: string
  readonly parent?: readonly string[]
  readonly on: LinkCondition
  readonly any?: boolean
  readonly triage?: boolean
  readonly blocked?: string
  readonly notBefore?: string
  readonly idempotencyKey?: string
  readonly scope?: 'any' | 'open'
  readonly subscribe: boolean
}

/** `create`: makes a task, which begins as soon as it may. */
export function addCreate(kanban: Command, context: CommandContext): void {
  const command = addLeaf(kanban, 'create <title...>', {
    aliases: ['add'],
    description: 'Make a task. It begins as soon as somebody is named for it and nothing holds it back.',
    examples: [
      'create "Fix the log-in" --assignee coder --priority 5',
      'create "Publish the notes" --assignee writer --parent 12 --parent 13',
      'create "Tidy up" --assignee coder --parent 12 --on failure',
      'create "Upgrade the linter" --assignee coder --workspace worktree:~/src/app --check "command:pnpm test" --gate person',
      'create "Something about invoices" --triage',
    ],
  })
    .option('--assignee <name>', 'who works on it')
    .option('--parent <task>', 'a task that comes first; given again, one more', gathered)
    .addOption(new Option('--on <end>', 'how its parents must end').choices(['success', 'failure', 'always']).default('success'))
    .option('--any', 'wait for any one of its parents, not for all')
    .addOption(new Option('--triage', 'have it specified before it begins').conflicts('blocked'))
    .option('--blocked <reason>', 'make it blocked, until somebody unblocks it')
    .option('--not-before <time>', 'when it may begin: in 2h, tomorrow 9:00, 2030-01-31T09:00')
    .option('--idempotency-key <key>', 'make one task with this key, however often this is asked')
    .addOption(new Option('--scope <scope>', 'how long that key holds: for ever (any), or until its task has ended (open)').choices(['any', 'open']))
    .option('--no-subscribe', 'do not tell this chat what becomes of it')
  addTaskOptions(command).action(async (title: readonly string[], options: CreateOptions) => {
    const hostOption = hostOptionOf(options)
    if (hostOption !== undefined) context.requireAdmin(hostOption)
    const task = await newTaskOf(title.join(' '), options, context)
    const { tasks } = await context.stores()
    const made = await tasks.create(task, context.options.actor)
    context.answer(options.json, made, () => {
      const line = taskLine(made.task, context.palette)
      if (!made.created) return `${line} was made with this key before.`
      return `Made ${line}.${made.task.waiting && made.task.state !== 'ready' ? ` ${made.task.waiting.detail}` : ''}${hintOn(made.task.assignee)}`
    })
    if ((await context.options.isDispatcherRunning?.()) === false) context.remark('No dispatcher is running: start it with `pnpm kanban`.')
  })
}

async function newTaskOf(title: string, options: CreateOptions, context: CommandContext): Promise<NewTask> {
  const { assignee, parent, on, any, triage, blocked, notBefore, idempotencyKey, scope, due, estimate, label } = options
  const body = await readBody(options, context)
  const settings = settingsOf(options)
  const { origin } = context.options
  // Programs that ask in a chat follow the task themselves.
  const subscriber = options.subscribe && !options.json ? context.subscriber : undefined
  return {
    title,
    ...(body !== undefined && { body }),
    ...(assignee !== undefined && { assignee }),
    ...(options.priority !== undefined && { priority: options.priority }),
    ...(options.tenant !== undefined && { tenant: options.tenant }),
    ...(options.reviewer !== undefined && { reviewer: options.reviewer }),
    ...(label && { labels: label }),
    ...(due !== undefined && { dueAt: context.time(due) }),
    ...(estimate !== undefined && { estimateMinutes: estimate }),
    ...(notBefore !== undefined && { notBefore: context.time(notBefore) }),
    ...(parent && { parents: parent.map((id) => ({ id, condition: on })) }),
    ...(any && { parentsMode: 'any' as const }),
    ...(triage && { isTriage: true }),
    ...(blocked !== undefined && { blocked: { kind: 'needs_input' as const, reason: blocked } }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(scope && { idempotencyScope: scope }),
    ...(settings && { settings }),
    ...(origin && { origin }),
    ...(subscriber && { subscribers: [subscriber] }),
  }
}

function hintOn(assignee: string | null): string {
  return assignee === null ? ' Nobody is named for it yet.' : ''
}
