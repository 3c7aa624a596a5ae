import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog, systemClock as clock } from '@talaria/core'
import { startHttpServer } from '@talaria/core/http'
import { until } from '@talaria/core/testing'
import type { BoardStores, Claimed, NewTask, Run, RunFailure, TaskDetail } from '@talaria/db'
import { openTestBoards } from '../src/testing/test-board.ts'
import { kanbanTools } from '../src/tools/kanban-tools.ts'
import { Completion } from '../src/workers/completion.ts'
import type { RunEnds } from '../src/workers/run-ends.ts'
import { GithubChecks } from '../src/workers/github-checks.ts'
import { createWorkerApi } from '../src/workers/worker-api.ts'
import type { WorkerDefinition } from '../src/workers/worker-definition.ts'
import { newWorkerSecret, tokenOf } from '../src/workers/worker-token.ts'

/** A board, and a dispatcher's socket that can go away and come back; nothing of the dispatcher besides. */
export interface WorkerSite extends AsyncDisposable {
  readonly home: string
  readonly socket: string
  readonly stores: BoardStores
  /** The ways out of an attempt. */
  readonly completion: RunEnds
  /** What failed attempts failed of. */
  readonly failures: readonly RunFailure[]
  /** Paths that were asked for. */
  readonly requests: readonly string[]
  /** A claimed task of this worker, in a workspace of its own. */
  claim(task: Partial<NewTask>, worker?: WorkerDefinition): Promise<Claimed & { readonly token: string; readonly workspace: string }>
  task(number: number): Promise<TaskDetail>
  run(runId: string): Promise<Run>
  /** The words of a transcript, by kind, in order. */
  transcript(runId: string): Promise<readonly (readonly [kind: string, body: string])[]>
  listen(): Promise<void>
  goAway(): Promise<void>
}

/** @param leaseMs a third of it is between two heartbeats */
export async function openWorkerSite({ leaseMs = 60_000 }: { readonly leaseMs?: number } = {}): Promise<WorkerSite> {
  const boards = await openTestBoards()
  const stores = boards.storesOf('default')
  const socket = join(mkdtempSync(join(tmpdir(), 'tw-')), 's')
  const failures: RunFailure[] = []
  const requests: string[] = []
  let worker: WorkerDefinition = { executor: 'agent' }
  let workspace = ''
  let server: Awaited<ReturnType<typeof startHttpServer>> | undefined
  let ended = new AbortController()

  const attempts = {
    storesOf: boards.storesOf,
    prepare: async () => workspace,
    failed: async (claim: Claimed['claim'], failure: RunFailure) => {
      failures.push(failure)
      await stores.claims.fail(claim, failure, { isCounted: true })
    },
    signal: new AbortController().signal,
    clock,
    log: silentLog,
  }
  const completion = new Completion({ ...attempts, env: {}, pullRequests: new GithubChecks({ baseUrl: 'http://127.0.0.1:9' }) })

  const site: WorkerSite = {
    home: boards.home,
    socket,
    stores,
    completion,
    failures,
    requests,
    async claim(task, definition = { executor: 'agent' }) {
      worker = definition
      workspace = mkdtempSync(join(boards.home, 'workspace-'))
      const { task: made } = await stores.tasks.create({ title: 'A task', assignee: 'ada', ...task }, 'user:anna')
      const { secret, hash } = newWorkerSecret()
      const claimed = await stores.claims.claim(made.number, {
        dispatcher: 'd1',
        host: 'here',
        now: clock.now(),
        leaseMs,
        caps: { board: 100, perAssignee: 100 },
        executorOf: () => definition.executor,
        tokenHash: hash,
      })
      if ('refused' in claimed) throw new Error(claimed.refused)
      return { ...claimed, workspace, token: tokenOf({ board: 'default', runId: claimed.claim.runId, secret }) }
    },
    task: async (number) => (await stores.tasks.get(number))!,
    run: async (runId) => (await stores.claims.get(runId))!,
    transcript: async (runId) => (await stores.transcripts.list(runId, { limit: 10_000 })).map(({ kind, body }) => [kind, body] as const),
    async listen() {
      ended = new AbortController()
      const api = createWorkerApi({
        ...attempts,
        signal: ended.signal,
        settings: { lease: leaseMs },
        workerOf: () => worker,
        tools: kanbanTools,
        completion,
        onChange: () => {},
      })
      const fetch = (request: Request) => {
        requests.push(new URL(request.url).pathname)
        return api.fetch(request)
      }
      server = await startHttpServer({ socket, fetch, log: silentLog, clock, graceMs: 50, onDraining: () => ended.abort() })
    },
    async goAway() {
      await server?.[Symbol.asyncDispose]()
      server = undefined
    },
    async [Symbol.asyncDispose]() {
      await site.goAway()
      await boards[Symbol.asyncDispose]()
    },
  }
  await site.listen()
  return site
}

/** Resolves when an attempt has ended, with what it was then. */
export function untilEnded(site: WorkerSite, runId: string, ms = 10_000): Promise<Run> {
  return until('the run has ended', ms, async () => {
    const run = await site.run(runId)
    return run.endedAt === null ? undefined : run
  })
}
