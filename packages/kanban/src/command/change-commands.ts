import type { TaskChanges } from '@talaria/db'
import type { Command } from 'commander'
import { addLeaf, type Json } from './add-leaf.ts'
import { fromNow } from './age.ts'
import type { CommandContext } from './command-context.ts'
import { eachTask } from './each-task.ts'
import { readBody } from './read-body.ts'
import { taskLine } from './task-lines.ts'
import { addTaskOptions, hostOptionOf, settingsOf, type TaskOptions } from './task-options.ts'
import { UsageError } from './usage-error.ts'

interface EditOptions extends TaskOptions, Json {
  readonly title?: string
  readonly column?: string
}

/** What changes tasks and leaves them where they are, or puts them off. */
export function addChanges(kanban: Command, context: CommandContext): void {
  addEdit(kanban, context)
  addSpecify(kanban, context)
  addAssign(kanban, context)
  addReassign(kanban, context)
  addSchedule(kanban, context)
  addRedrive(kanban, context)
}

function addEdit(kanban: Command, context: CommandContext): void {
  const command = addLeaf(kanban, 'edit <task>', {
    description: 'Change fields of a task; what is not named stays. The word none clears --tenant, --due, --reviewer, --column, --model and --label.',
    examples: ['edit 12 --priority 10 --label bug,urgent', 'edit 12 --due none', 'edit 12 --body-file notes.md'],
  })
    .option('--title <text>', 'what it is called')
    .option('--column <key>', 'the column of the board that shows it')
  addTaskOptions(command).action(async (reference: string, options: EditOptions) => {
    const changes = await changesOf(options, context)
    if (Object.keys(changes).length === 0) throw new UsageError('Nothing to change was named. Add --help for what there is.')
    const { tasks } = await context.stores()
    const task = await tasks.change(reference, changes, context.acting)
    context.answer(options.json, task, () => `Changed ${taskLine(task, context.palette)}.`)
  })
}

function addSpecify(kanban: Command, context: CommandContext): void {
  const command = addLeaf(kanban, 'specify <task>', {
    description: 'Have a task in triage begin. Its words may be changed on the way.',
    examples: ['specify 12 --title "Send invoices by mail" --body-file spec.md'],
  }).option('--title <text>', 'what it is called')
  addTaskOptions(command).action(async (reference: string, options: EditOptions) => {
    const { tasks } = await context.stores()
    const task = await tasks.specify(reference, context.acting, await changesOf(options, context))
    context.answer(options.json, task, () => `${taskLine(task, context.palette)} is specified.`)
  })
}

function addAssign(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'assign <task> <name>', { description: 'Give a task to somebody; none is nobody.', examples: ['assign 12 coder', 'assign 12 none'] }).action(
    async (reference: string, name: string, { json }: Json) => {
      await eachTask([reference], context, ({ tasks }, task) => tasks.assign(task, nameOf(name), context.acting), {
        json,
        said: ({ assignee }) => `is ${assignee === null ? "nobody's" : `given to ${assignee}`}`,
      })
    },
  )
}

function addReassign(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'reassign <task> <name>', {
    description: 'Give a task to somebody else, also while it runs: its worker is stopped then.',
    examples: ['reassign 12 writer --reason "It is about words"'],
  })
    .option('--reason <text>', 'why; it becomes a comment')
    .action(async (reference: string, name: string, { reason, json }: Json & { readonly reason?: string }) => {
      const { stores, task } = await context.task(reference)
      if (task.state === 'running') await stores.tasks.release(task.number, context.acting)
      if (reason !== undefined) await stores.comments.add(task.number, { body: reason, author: context.options.actor })
      const given = await stores.tasks.assign(task.number, nameOf(name), context.acting)
      context.answer(json, given, () => `${taskLine(given, context.palette)} is given to ${given.assignee ?? 'nobody'}.`)
    })
}

function addSchedule(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'schedule <task> <time...>', {
    description: 'Have a task begin not before a time.',
    examples: ['schedule 12 tomorrow 9:00', 'schedule 12 in 2h'],
  }).action(async (reference: string, time: readonly string[], { json }: Json) => {
    const notBefore = context.time(time.join(' '))
    await eachTask([reference], context, ({ tasks }, task) => tasks.schedule(task, notBefore, context.acting), {
      json,
      said: () => `begins ${fromNow(notBefore, context.now)} (${new Date(notBefore).toISOString()})`,
    })
  })
}

function addRedrive(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'redrive [task...]', { description: 'Try again what was given up, as if it had never failed.', examples: ['redrive 12', 'redrive --all'] })
    .option('--all', 'everything on the board that was given up')
    .action(async (references: readonly string[], { all, json }: Json & { readonly all?: boolean }) => {
      if ((all === true) === references.length > 0) throw new UsageError('Name the tasks, or --all.')
      const { tasks } = await context.stores()
      const given = all ? (await tasks.list({ states: ['blocked'], limit: 500 })).tasks.filter(({ block }) => isGivenUp(block?.kind)) : []
      if (all && given.length === 0) return context.answer(json, [], () => 'Nothing was given up.')
      await eachTask(
        all ? given.map(({ number }) => String(number)) : references,
        context,
        async (stores, reference) => {
          const { task } = await context.task(reference)
          if (!isGivenUp(task.block?.kind)) throw new UsageError(`#${task.number} was not given up: it is ${task.state}.`)
          return stores.tasks.unblock(reference, context.acting)
        },
        { json, said: () => 'is tried again' },
      )
    })
}

function isGivenUp(kind: string | undefined): boolean {
  return kind === 'gave_up' || kind === 'quarantined'
}

function nameOf(name: string): string | null {
  return name === 'none' ? null : name
}

async function changesOf(options: EditOptions, context: CommandContext): Promise<TaskChanges> {
  const hostOption = hostOptionOf(options)
  if (hostOption !== undefined) context.requireAdmin(hostOption)
  const { title, tenant, label, priority, due, estimate, reviewer, column, model } = options
  const body = await readBody(options, context)
  const settings = settingsOf(options)
  return {
    ...(title !== undefined && { title }),
    ...(body !== undefined && { body }),
    ...(priority !== undefined && { priority }),
    ...(tenant !== undefined && { tenant: nameOf(tenant) }),
    ...(label && { labels: label.filter((one) => one !== 'none') }),
    ...(due !== undefined && { dueAt: due === 'none' ? null : context.time(due) }),
    ...(estimate !== undefined && { estimateMinutes: estimate }),
    ...(reviewer !== undefined && { reviewer: nameOf(reviewer) }),
    ...(column !== undefined && { columnKey: nameOf(column) }),
    ...(settings && { settings: { ...settings, ...(model === 'none' && { model: null }) } }),
  }
}
