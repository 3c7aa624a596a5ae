import type { TaskDetail } from '@talaria/db'
import type { Command } from 'commander'
import { decomposeTask } from '../graphs/decompose.ts'
import { PlanError } from '../graphs/plan-error.ts'
import { specifyTask } from '../graphs/specify.ts'
import { addLeaf, type Json } from './add-leaf.ts'
import type { CommandContext } from './command-context.ts'
import { eachTask } from './each-task.ts'
import { UsageError } from './usage-error.ts'

/** Asked about one after the other; who has more asks again. */
const MOST_TASKS = 50

interface DecomposeOptions extends Json {
  readonly all?: boolean
  readonly whole?: boolean
}

/** `decompose`: has the model say how tasks in triage are to be done. */
export function addDecompose(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'decompose [task...]', {
    description: 'Have the model divide tasks in triage into parts that they then wait for, or specify them when one worker is enough.',
    examples: ['decompose 12', 'decompose 12 --whole', 'decompose --all'],
  })
    .option('--whole', 'have the model write down what they mean, and not divide them')
    .option('--all', `every task in triage, at most ${MOST_TASKS}`)
    .action(async (tasks: readonly string[], { all, whole, json }: DecomposeOptions) => {
      const { planner: open, actor, signal } = context.options
      if (!open) throw new PlanError('MODEL_MISSING', 'No model is set up here that could be asked.')
      const references = all ? await inTriage(context) : tasks
      if (references.length === 0 && !all) throw new UsageError('Name a task, or say --all.')
      const planning = { planner: await open(), actor, signal }
      const parts = new Map<number, readonly TaskDetail[]>()
      await eachTask(
        references,
        context,
        async (stores, reference) => {
          if (whole) return specifyTask(stores, reference, planning)
          const made = await decomposeTask(stores, reference, planning)
          parts.set(made.task.number, made.parts)
          return made.task
        },
        { json, said: ({ number }) => saidOf(parts.get(number) ?? []) },
      )
    })
}

async function inTriage(context: CommandContext): Promise<readonly string[]> {
  const { tasks } = await (await context.stores()).tasks.list({ states: ['triage'], limit: MOST_TASKS })
  return tasks.map(({ id }) => id)
}

function saidOf(parts: readonly TaskDetail[]): string {
  return parts.length === 0 ? 'is specified' : `waits for ${parts.map(({ number }) => `#${number}`).join(', ')}`
}
