import { silentLog, systemClock, type Clock } from '@talaria/core'
import type { Claimed, NewTask } from '@talaria/db'
import { kanbanTools } from '../tools/kanban-tools.ts'
import { Completion, type CompletionOptions } from '../workers/completion.ts'
import { BUILT_IN_AGENT } from '../workers/worker-definition.ts'
import { createWorkerApi } from '../workers/worker-api.ts'
import { newWorkerSecret, tokenOf } from '../workers/worker-token.ts'
import type { TestBoards } from './test-board.ts'

interface Setup {
  readonly clock?: Clock
  readonly completion?: Partial<CompletionOptions>
  readonly storesOf?: TestBoards['storesOf']
  readonly signal?: AbortSignal
}

/** What workers ask, on the boards of a test, with failures that are tried again at once. */
export function openWorkerApi(
  boards: TestBoards,
  { clock = systemClock, completion: changes, storesOf = boards.storesOf, signal = new AbortController().signal }: Setup = {},
) {
  const options: CompletionOptions = {
    storesOf,
    failed: (claim, failure) =>
      storesOf(claim.board).claims.fail(claim, failure, { isCounted: true, ...(failure.class === 'budget' && { giveUp: 'gave_up' as const }) }),
    prepare: async () => boards.home,
    pullRequests: { verdictOf: async () => ({ state: 'success', detail: 'all passed' }) },
    env: { PATH: process.env['PATH'] },
    signal,
    clock,
    log: silentLog,
    ...changes,
  }
  const completion = new Completion(options)
  const api = createWorkerApi({ ...options, settings: { lease: 60_000 }, workerOf: () => BUILT_IN_AGENT, tools: kanbanTools, completion, onChange: () => {} })
  return { api, completion }
}

/** A worker that speaks to an API: its claim, its token, and what it asks. */
export function workerOf(api: ReturnType<typeof openWorkerApi>['api'], { claim, token }: { readonly claim: Claimed['claim']; readonly token: string }) {
  const headers = { Authorization: `Bearer ${token}` }
  return {
    claim,
    token,
    get: (path: string, more: Record<string, string> = {}) => api.request(path, { headers: { ...headers, ...more } }),
    async post(path: string, body: unknown): Promise<{ status: number; body: any }> {
      const response = await api.request(path, { method: 'POST', headers, body: body instanceof Uint8Array ? body : JSON.stringify(body) })
      return { status: response.status, body: await response.json() }
    },
  }
}

/** Makes a task and claims it, as a dispatcher would. */
export async function claimTask(
  boards: TestBoards,
  task: Partial<NewTask> = {},
  { board = 'default', clock = systemClock }: { readonly board?: string; readonly clock?: Clock } = {},
) {
  const { tasks } = boards.storesOf(board)
  const { task: made } = await tasks.create({ title: 'a task', assignee: 'anna', ...task }, 'user:test')
  return claimAgain(boards, made.number, { board, clock })
}

/** Claims a task that is there. */
export async function claimAgain(
  boards: TestBoards,
  number: number,
  { board = 'default', clock = systemClock, isSpawned = true }: { readonly board?: string; readonly clock?: Clock; readonly isSpawned?: boolean } = {},
) {
  const { claims } = boards.storesOf(board)
  const { secret, hash } = newWorkerSecret()
  const claimed = await claims.claim(number, {
    dispatcher: 'test',
    host: 'here',
    now: clock.now(),
    leaseMs: 60_000,
    caps: {},
    executorOf: () => 'agent',
    tokenHash: hash,
  })
  if ('refused' in claimed) throw new Error(`#${number} is not claimed: ${claimed.refused}`)
  const { claim } = claimed
  if (isSpawned) await claims.spawned(claim, { workspace: boards.home })
  return { claim, run: claimed.run, token: tokenOf({ board, runId: claim.runId, secret }) }
}
