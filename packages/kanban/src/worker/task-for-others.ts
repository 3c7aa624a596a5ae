import type { RunAnswer } from '../workers/worker-protocol.ts'

/** A task as commands and services are given it, as JSON. */
export function taskJsonOf({ board, runId, attempt, task, context, workspace, deadlineAt }: RunAnswer): Record<string, unknown> {
  return {
    board,
    run: runId,
    attempt,
    task: {
      number: task.number,
      id: task.id,
      title: task.title,
      body: task.body,
      assignee: task.assignee,
      priority: task.priority,
      labels: task.labels,
      tenant: task.tenant,
      metadata: task.metadata,
    },
    context,
    workspace,
    deadline: deadlineAt === null ? null : new Date(deadlineAt).toISOString(),
  }
}

/** The same few facts for who reads no JSON: variables of a command. */
export function taskVariables({ board, runId, attempt, task, workspace }: RunAnswer): Record<string, string> {
  return {
    TALARIA_BOARD: board,
    TALARIA_RUN: runId,
    TALARIA_ATTEMPT: String(attempt),
    TALARIA_TASK: String(task.number),
    TALARIA_TASK_ID: task.id,
    TALARIA_TASK_TITLE: task.title,
    TALARIA_WORKSPACE: workspace,
    ...(task.tenant !== null && { TALARIA_TENANT: task.tenant }),
  }
}
