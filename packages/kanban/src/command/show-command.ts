import type { Command } from 'commander'
import { addLeaf, type Json } from './add-leaf.ts'
import type { CommandContext } from './command-context.ts'
import { describeTask } from './describe-task.ts'

/** So much of what was said and done; `runs`, `log` and `tail` have the rest. */
const LATEST = 10

/** `show`: all of a task. */
export function addShow(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'show <task>', {
    description: 'Show a task: what is to be done, how it stands and why, its links, runs, comments and files.',
    examples: ['show 12', 'show 12 --json'],
  }).action(async (reference: string, { json }: Json) => {
    const { stores, task } = await context.task(reference)
    const { number } = task
    const [links, runs, comments, attachments, approvals, events] = await Promise.all([
      stores.tasks.links([number]),
      stores.claims.ofTask(number),
      stores.comments.latest(number, LATEST),
      stores.attachments.list(number),
      stores.approvals.list({ taskNumber: number, isWaiting: true }),
      stores.events.latestOf(number, LATEST),
    ])
    const shown = { task, links, runs, comments, attachments, approvals, events }
    context.answer(json, shown, () => describeTask(shown, context))
  })
}
