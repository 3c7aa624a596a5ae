import type { Task } from '@talaria/db'

/** A task as models read it: what matters for deciding, and nothing that is empty. */
export function taskJson(task: Task): Record<string, unknown> {
  const { number, id, title, state, assignee, priority, tenant, labels, reviewer, verdict, summary, block, waiting, attempts } = task
  return {
    task: number,
    id,
    title,
    state,
    ...(assignee !== null && { assignee }),
    ...(priority !== 0 && { priority }),
    ...(tenant !== null && { tenant }),
    ...(labels.length > 0 && { labels }),
    ...(reviewer !== null && { reviewer }),
    ...(task.dueAt !== null && { due: timeJson(task.dueAt) }),
    ...(task.notBefore !== null && { not_before: timeJson(task.notBefore) }),
    ...(block && { block: { kind: block.kind, reason: block.reason } }),
    ...(waiting && { waiting: waiting.detail || waiting.code }),
    ...(attempts > 0 && { attempts }),
    ...(verdict !== null && { verdict }),
    ...(summary !== null && { summary }),
    created: timeJson(task.createdAt),
    created_by: task.createdBy,
  }
}

/** A time as models read it best. */
export function timeJson(at: number): string {
  return new Date(at).toISOString()
}
