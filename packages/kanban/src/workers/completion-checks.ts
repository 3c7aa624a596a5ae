import type { Clock, Env } from '@talaria/core'
import type { CompletionCheck, OpenRun, TaskDetail } from '@talaria/db'
import { branchOf } from '../workspaces/prepare-workspace.ts'
import type { PullRequestChecks, PullRequestState } from './pull-request-checks.ts'
import { runCheckCommand } from './run-check-command.ts'
import { findWorkspaceFile } from './workspace-file.ts'

/** What checks need of the world. */
export interface CheckWorld {
  /** What commands see of the environment. */
  readonly env: Env
  readonly pullRequests: PullRequestChecks
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** What is to be checked, and where. */
export interface CheckSubject {
  readonly open: OpenRun
  readonly task: TaskDetail
  readonly workspace: string
  readonly metadata: Readonly<Record<string, unknown>> | undefined
}

/** A check that did not pass. `pending`: nobody knows yet. */
export interface CheckProblem {
  readonly state: 'failed' | 'pending'
  readonly problem: string
}

/** What is known about a pull request that says nothing about the work. */
const UNDECIDED: ReadonlySet<PullRequestState> = new Set(['pending', 'unreachable', 'auth'])

/** Looks whether a check passes; what it says when it does not. */
export async function problemOf(check: CompletionCheck, subject: CheckSubject, world: CheckWorld): Promise<CheckProblem | undefined> {
  switch (check.kind) {
    case 'command': {
      const { env, clock, signal } = world
      const { isGood, said } = await runCheckCommand({ ...check, folder: subject.workspace, env, clock, signal })
      return isGood ? undefined : { state: 'failed', problem: `${check.command} ${said}` }
    }
    case 'files': {
      const found = await Promise.all(check.paths.map((path) => findWorkspaceFile(subject.workspace, path)))
      const problems = found.flatMap((file) => ('problem' in file ? [file.problem] : []))
      return problems.length === 0 ? undefined : { state: 'failed', problem: problems.join('; ') }
    }
    case 'pull_request': {
      const number = check.number ?? pullRequestNumber(subject.metadata)
      const { repository } = check
      const reference = number === undefined ? { repository, branch: branchOfWork(subject) } : { repository, number }
      const { state, detail } = await world.pullRequests.verdictOf(reference, world.signal)
      return state === 'success' ? undefined : { state: UNDECIDED.has(state) ? 'pending' : 'failed', problem: detail }
    }
  }
}

/** Workers name the pull request that they opened by number or address. */
function pullRequestNumber(metadata: CheckSubject['metadata']): number | undefined {
  const named = metadata?.['pull_request']
  if (typeof named === 'number') return named
  const digits = typeof named === 'string' ? /(?:^|\/pull\/|#)(\d{1,9})$/.exec(named)?.[1] : undefined
  return digits === undefined ? undefined : Number(digits)
}

function branchOfWork({ open: { claim }, task }: CheckSubject): string {
  return task.settings.workspace?.branch ?? branchOf({ board: claim.board, taskNumber: claim.taskNumber })
}
