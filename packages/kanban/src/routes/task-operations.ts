import type { Actor, TaskAction, TaskDetail, BoardStores } from '@talaria/db'
import { z } from 'zod'
import { TaskChangesInput } from './task-input.ts'

type Tasks = BoardStores['tasks']
type Reference = string | number

interface Acting {
  readonly actor: Actor
  readonly revision?: number
}

/** Something that can be done to a task by whoever may write, with what it needs to know. */
export interface TaskOperation {
  readonly summary: string
  readonly body: z.ZodObject
  run(tasks: Tasks, task: Reference, body: never, acting: Acting): Promise<TaskDetail | undefined>
}

const text = z.string()
const Nothing = z.strictObject({})

function operationOf<Body extends z.ZodObject>(
  summary: string,
  body: Body,
  run: (tasks: Tasks, task: Reference, body: z.output<Body>, acting: Acting) => Promise<TaskDetail>,
): TaskOperation {
  return { summary, body, run }
}

/**
 * What `POST …/tasks/{task}/{action}` does: the ways of the table of transitions that people go. The others follow from
 * those by themselves (a parent that opens again, a time that has come), or are a dispatcher's.
 */
export const TASK_ACTIONS = {
  specify: operationOf('Take a task out of triage, with the words that were found for it', TaskChangesInput, (tasks, task, changes, acting) =>
    tasks.specify(task, acting, changes),
  ),
  promote: operationOf('Have a task be ready before its time', Nothing, (tasks, task, _, acting) => tasks.promote(task, acting)),
  schedule: operationOf(
    'Have a task not begin before a time',
    z.strictObject({ notBefore: z.int().describe('Milliseconds since 1970') }),
    (tasks, task, { notBefore }, acting) => tasks.schedule(task, notBefore, acting),
  ),
  complete: operationOf(
    'Say that a task is done',
    z.strictObject({
      verdict: z.enum(['success', 'failure']).exactOptional(),
      summary: text.max(100_000).exactOptional(),
      result: text.max(1_000_000).exactOptional(),
      metadata: z.record(z.string(), z.unknown()).exactOptional(),
    }),
    (tasks, task, completion, acting) => tasks.complete(task, completion, acting),
  ),
  block: operationOf(
    'Have a task stand still until somebody acts',
    z.strictObject({ reason: text, kind: z.enum(['dependency', 'needs_input', 'capability', 'transient']).default('needs_input') }),
    (tasks, task, block, acting) => tasks.block(task, block, acting),
  ),
  unblock: operationOf('Have a task go on; what was given up is tried again', Nothing, (tasks, task, _, acting) => tasks.unblock(task, acting)),
  request_review: operationOf(
    'Give a task to somebody who looks at the work',
    z.strictObject({ reviewer: text.exactOptional(), summary: text.max(100_000).exactOptional() }),
    (tasks, task, review, acting) => tasks.requestReview(task, review, acting),
  ),
  request_changes: operationOf('Give a task back from a review', z.strictObject({ reason: text }), (tasks, task, { reason }, acting) =>
    tasks.requestChanges(task, reason, acting),
  ),
  reopen: operationOf('Have a task that is done be worked on again', z.strictObject({ reason: text.exactOptional() }), (tasks, task, { reason }, acting) =>
    tasks.reopen(task, acting, reason),
  ),
  release: operationOf('Take a task away from its worker, for another to claim', Nothing, (tasks, task, _, acting) => tasks.release(task, acting)),
  archive: operationOf('Put a task away', Nothing, (tasks, task, _, acting) => tasks.archive(task, acting)),
  unarchive: operationOf('Fetch a task back from the archive', Nothing, (tasks, task, _, acting) => tasks.unarchive(task, acting)),
  assign: operationOf('Give a task to somebody, or to nobody', z.strictObject({ assignee: text.nullable() }), (tasks, task, { assignee }, acting) =>
    tasks.assign(task, assignee, acting),
  ),
} as const satisfies Readonly<Partial<Record<TaskAction | 'assign', TaskOperation>>>

/** What can be done to several tasks at once. */
export const BULK_OPERATIONS: Readonly<Record<string, TaskOperation>> = {
  ...TASK_ACTIONS,
  change: operationOf('Change fields', TaskChangesInput, (tasks, task, changes, acting) => tasks.change(task, changes, acting)),
  delete: { summary: 'Delete, until restored', body: Nothing, run: (tasks, task, _, acting) => tasks.remove(task, acting).then(() => undefined) },
  restore: operationOf('Take a deletion back', Nothing, (tasks, task, _, { actor }) => tasks.restore(task, actor)),
}

/** Which of the actions of a state this API offers. */
export function isOffered(action: string): action is keyof typeof TASK_ACTIONS {
  return Object.hasOwn(TASK_ACTIONS, action)
}
