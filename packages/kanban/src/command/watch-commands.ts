import type { BoardEvent, BoardStores, EventKind } from '@talaria/db'
import type { Command } from 'commander'
import { addLeaf, type Json } from './add-leaf.ts'
import type { CommandContext } from './command-context.ts'
import { eventLine } from './event-line.ts'
import { followEvents } from './follow-events.ts'
import { gathered, wholeNumber } from './option-values.ts'

interface WatchOptions extends Json {
  readonly assignee?: string
  readonly tenant?: string
  readonly kinds?: readonly string[]
  readonly after?: number
  readonly follow: boolean
}

/** Of what happened before, so that who looks sees where it stands. */
const BEFORE = 10

/** What happens, as it happens. */
export function addWatches(kanban: Command, context: CommandContext): void {
  addTail(kanban, context)
  addWatch(kanban, context)
}

function addTail(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'tail <task>', {
    description: 'Show what happens to a task, until it has ended. Begins with what happened last. With --json one event a line.',
    examples: ['tail 12', 'tail 12 --no-follow --json'],
  })
    .option('--no-follow', 'end with what there is')
    .action(async (reference: string, { follow, json }: WatchOptions) => {
      const { stores, task } = await context.task(reference)
      const latest = (await stores.events.latestOf(task.number, BEFORE)).toReversed()
      for (const event of latest) context.say(lineOf(event, json, context))
      if (!follow || !context.options.canFollow || hasEnded(task.state)) return
      for await (const event of followEvents(stores, { after: latest.at(-1)?.seq ?? 0, taskNumber: task.number, signal: context.options.signal })) {
        context.say(lineOf(event, json, context))
        if (hasEnded((await stores.tasks.get(task.number))?.state)) return
      }
    })
}

function addWatch(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'watch', {
    description: 'Show what happens on the board, as it happens. With --json one event a line.',
    examples: ['watch', 'watch --kinds task.completed,task.blocked --json', 'watch --after 0 --no-follow'],
  })
    .option('--assignee <name>', 'only about tasks of this assignee')
    .option('--tenant <name>', 'only about tasks of this tenant')
    .option('--kinds <kind>', 'only these, such as task.completed', gathered)
    .option('--after <number>', 'from the event after this one; from now on unless given', wholeNumber())
    .option('--no-follow', 'end with what there is')
    .action(async (options: WatchOptions) => {
      const { json, after, kinds, follow } = options
      const stores = await context.stores()
      const isLive = follow && context.options.canFollow
      const from = after ?? Math.max(0, (await stores.events.latest()) - (isLive ? 0 : BEFORE))
      const filter = kinds && { kinds: kinds as readonly EventKind[] }
      for await (const event of followEvents(stores, { after: from, ...filter, ...(isLive && { signal: context.options.signal }) })) {
        if (await isWanted(event, options, stores)) context.say(lineOf(event, json, context))
      }
    })
}

async function isWanted({ taskNumber }: BoardEvent, { assignee, tenant }: WatchOptions, { tasks }: BoardStores): Promise<boolean> {
  if (assignee === undefined && tenant === undefined) return true
  const task = taskNumber === null ? undefined : await tasks.get(taskNumber)
  return task !== undefined && (assignee === undefined || task.assignee === assignee) && (tenant === undefined || task.tenant === tenant)
}

function lineOf(event: BoardEvent, json: boolean | undefined, context: CommandContext): string {
  return json ? JSON.stringify(event) : eventLine(event, context)
}

function hasEnded(state: string | undefined): boolean {
  return state === undefined || state === 'done' || state === 'archived'
}
