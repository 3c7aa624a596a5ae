import { processStarted, type Clock } from '@talaria/core'
import { BoardError, type BoardStores, type OpenRun, type TaskDetail } from '@talaria/db'
import { budgetLeft } from './budgets.ts'
import { runContext } from './run-context.ts'
import { BUILT_IN_AGENT, type WorkerDefinition } from './worker-definition.ts'
import type { RunAnswer } from './worker-protocol.ts'

export interface RunAnswerOptions {
  readonly stores: BoardStores
  readonly workerOf: (assignee: string) => WorkerDefinition | undefined
  /** Makes or finds the folder that a task is worked on in. */
  readonly prepare: (board: string, task: TaskDetail) => Promise<string>
  readonly leaseMs: number
  readonly clock: Clock
}

/**
 * What a worker is to do. One whose dispatcher died before it wrote down where the worker runs is written down now, by the
 * `pid` that it says.
 *
 * @throws BoardError `CLAIM_LOST`, `TASK_NOT_FOUND`
 */
export async function runAnswerOf(open: OpenRun, pid: number | undefined, options: RunAnswerOptions): Promise<RunAnswer> {
  const { stores, workerOf, leaseMs, clock } = options
  const { claim, run } = open
  const task = await stores.tasks.get(claim.taskNumber)
  if (!task) throw new BoardError('TASK_NOT_FOUND', `There is no task #${claim.taskNumber}.`)
  const workspace = run.workspace ?? (await options.prepare(claim.board, task))
  if (run.spawnedAt === null && pid !== undefined) {
    const started = processStarted(pid)
    await stores.claims.spawned(claim, { pid, workspace, ...(started !== undefined && { processStarted: started }) })
  }
  return {
    board: claim.board,
    runId: claim.runId,
    attempt: run.attempt,
    task,
    context: await runContext(stores, open, clock.now()),
    worker: workerOf(run.assignee ?? '') ?? BUILT_IN_AGENT,
    workspace,
    leaseMs,
    deadlineAt: run.deadlineAt,
    budget: budgetLeft(task, await stores.board.get()),
  }
}
