import type { Routine } from '@talaria/db'
import { type Command, Option } from 'commander'
import { describeRoutine } from '../graphs/describe-routine.ts'
import { HOST_TIMEZONE, readSchedules } from '../graphs/read-schedules.ts'
import { addLeaf, type Json } from './add-leaf.ts'
import { fromNow } from './age.ts'
import type { CommandContext } from './command-context.ts'
import { gatheredWhole } from './option-values.ts'
import { readBody } from './read-body.ts'
import { safeLine } from './safe-text.ts'
import { table } from './table.ts'
import { addTaskOptions, hostOptionOf, settingsOf, type TaskOptions } from './task-options.ts'

interface RoutineOptions extends Omit<TaskOptions, 'due'>, Json {
  readonly schedule: readonly string[]
  readonly zone: string
  readonly title?: string
  readonly assignee?: string
  readonly catchup: 'skip' | 'one' | 'all'
  readonly overlap: 'skip' | 'queue'
}

/** `routines …`: tasks that are made again and again. */
export function addRoutines(kanban: Command, context: CommandContext): void {
  const routines = kanban.command('routines').description('Make tasks again and again, at set times.').usage('[command]')
  addRoutineList(routines, context)
  addRoutineCreate(routines, context)
  addRoutineAct(routines, context, 'pause', 'Have a routine make nothing until it is resumed.', ({ name }) => `'${safeLine(name)}' is paused.`)
  addRoutineAct(
    routines,
    context,
    'resume',
    'Have a routine go on with its next time.',
    (routine) => `'${safeLine(routine.name)}' goes on: ${nextOf(routine, context)}.`,
  )
  addRoutineRun(routines, context)
  addRoutineRemove(routines, context)
}

function addRoutineList(routines: Command, context: CommandContext): void {
  addLeaf(routines, 'list', { aliases: ['ls'], isDefault: true, description: 'List the routines.', examples: ['routines list'] }).action(
    async ({ json }: Json) => {
      const found = (await (await context.stores()).routines.list()).map(describeRoutine)
      context.answer(json, found, () => {
        if (found.length === 0) return 'There are no routines.'
        const rows = found.map((routine) => [
          routine.id,
          safeLine(routine.name, 40),
          routine.schedules.map(({ description }) => description).join('; '),
          routine.state,
          nextOf(routine, context),
          routine.lastTask === null ? '' : `#${routine.lastTask}`,
        ])
        return table(['ROUTINE', 'NAME', 'WHEN', 'STATE', 'NEXT', 'LAST'], rows)
      })
    },
  )
}

function addRoutineCreate(routines: Command, context: CommandContext): void {
  const command = addLeaf(routines, 'create <name...>', {
    aliases: ['new'],
    description: 'Have a task be made at set times.',
    examples: [
      'routines create "Weekly report" --schedule "0 9 * * MON" --assignee writer',
      'routines create "Look at the logs" --schedule "every 2h" --overlap queue',
    ],
  })
    .requiredOption('--schedule <schedule>', 'when: five or six cron fields, @daily, every 2h, an ISO instant; given again, one more', gatheredWhole)
    .option('--zone <zone>', 'the time zone of its schedules', HOST_TIMEZONE)
    .option('--title <text>', 'what its tasks are called; its own name unless given')
    .option('--assignee <name>', 'who works on them')
    .addOption(
      new Option('--catchup <policy>', 'of times that passed while no dispatcher ran: no task, one for all, or each')
        .choices(['skip', 'one', 'all'])
        .default('one'),
    )
    .addOption(new Option('--overlap <policy>', 'while the task before is not done: none, or one that waits for it').choices(['skip', 'queue']).default('skip'))
  addTaskOptions(command, { hasDue: false }).action(async (words: readonly string[], options: RoutineOptions) => {
    const hostOption = hostOptionOf(options)
    if (hostOption !== undefined) context.requireAdmin(hostOption)
    const name = words.join(' ')
    const { schedule, zone: timezone, title = name, assignee, catchup: catchUp, overlap, priority, tenant, reviewer, label, estimate } = options
    const [body, settings, { origin }, subscriber] = [await readBody(options, context), settingsOf(options), context.options, context.subscriber]
    const template = {
      title,
      ...(body !== undefined && { body }),
      ...(assignee !== undefined && { assignee }),
      ...(priority !== undefined && { priority }),
      ...(tenant !== undefined && { tenant }),
      ...(reviewer !== undefined && { reviewer }),
      ...(label && { labels: label }),
      ...(estimate !== undefined && { estimateMinutes: estimate }),
      ...(settings && { settings }),
      ...(origin && { origin }),
      ...(subscriber && { subscribers: [subscriber] }),
    }
    const schedules = readSchedules(schedule, { now: context.now, timezone })
    const routine = await (await context.stores()).routines.create({ name, template, schedules, timezone, catchUp, overlap }, context.options.actor)
    context.answer(
      options.json,
      describeRoutine(routine),
      () => `'${safeLine(routine.name)}' (${routine.id}) makes its first task ${nextOf(routine, context)}.`,
    )
  })
}

function addRoutineAct(routines: Command, context: CommandContext, act: 'pause' | 'resume', description: string, done: (routine: Routine) => string): void {
  addLeaf(routines, `${act} <routine>`, { description, examples: [`routines ${act} "Weekly report"`] }).action(async (reference: string, { json }: Json) => {
    const routine = await (await context.stores()).routines[act](reference, context.acting)
    context.answer(json, describeRoutine(routine), () => done(routine))
  })
}

function addRoutineRun(routines: Command, context: CommandContext): void {
  addLeaf(routines, 'run <routine>', { description: 'Make a task of a routine now.', examples: ['routines run "Weekly report"'] }).action(
    async (reference: string, { json }: Json) => {
      const made = await (await context.stores()).routines.runNow(reference, context.options.actor)
      context.answer(json, made, () => `Made #${made.task.number}.`)
    },
  )
}

function addRoutineRemove(routines: Command, context: CommandContext): void {
  addLeaf(routines, 'rm <routine>', {
    aliases: ['delete'],
    description: 'Remove a routine. Its tasks stay.',
    examples: ['routines rm "Weekly report"'],
  }).action(async (reference: string, { json }: Json) => {
    await (await context.stores()).routines.remove(reference, context.options.actor)
    context.answer(json, { routine: reference, removed: true }, () => 'The routine is removed.')
  })
}

function nextOf({ nextSlot }: Pick<Routine, 'nextSlot'>, { now }: CommandContext): string {
  return nextSlot === null ? 'never' : `${fromNow(nextSlot, now)} (${new Date(nextSlot).toISOString()})`
}
