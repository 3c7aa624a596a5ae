import type { Command } from 'commander'
import { runContext } from '../workers/run-context.ts'
import { addLeaf, type Json } from './add-leaf.ts'
import type { CommandContext } from './command-context.ts'
import { safeText } from './safe-text.ts'

/** `context`: what a worker is told. */
export function addContext(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'context <task>', {
    description: 'Show what a worker is told of a task: the one that has it, or the next one.',
    examples: ['context 12'],
  }).action(async (reference: string, { json }: Json) => {
    const { stores, task } = await context.task(reference)
    const current = task.runId === null ? undefined : await stores.claims.get(task.runId)
    const sourceState = task.state === 'review' ? ('review' as const) : ('ready' as const)
    const run = current ?? { id: '', attempt: task.attempts + 1, assignee: task.assignee, deadlineAt: null, sourceState }
    const text = await runContext(stores, { claim: { board: context.slug, taskNumber: task.number }, run }, context.now)
    context.answer(json, { task: task.number, context: text }, () => safeText(text.trimEnd()))
  })
}
