import { codeOf, messageOf } from '@talaria/core'
import type { BoardStores, TaskDetail } from '@talaria/db'
import type { CommandContext } from './command-context.ts'
import { safeLine } from './safe-text.ts'

interface Done {
  readonly json: boolean | undefined
  /** What has become of it: `is done`. */
  readonly said: (task: TaskDetail) => string
}

/**
 * Does something to each of some tasks. One that refuses does not keep the others from it; the command ends with 1 then.
 * Text has a line a task; JSON is a list of what they are now, with `error` in the place of those that refused.
 */
export async function eachTask(
  references: readonly string[],
  context: CommandContext,
  step: (stores: BoardStores, reference: string) => Promise<TaskDetail>,
  { json, said }: Done,
): Promise<void> {
  const stores = await context.stores()
  const results: (TaskDetail | { readonly task: string; readonly error: { readonly code: string; readonly message: string } })[] = []
  for (const reference of references) {
    try {
      const task = await step(stores, reference)
      results.push(task)
      if (!json) context.say(`${context.palette.strong(`#${task.number}`)} "${safeLine(task.title)}" ${said(task)}.`)
    } catch (error) {
      const code = codeOf(error)
      if (code === undefined) throw error
      results.push({ task: reference, error: { code, message: messageOf(error) } })
      context.refuse(messageOf(error))
    }
  }
  if (json) context.say(JSON.stringify(results, null, 2))
}
