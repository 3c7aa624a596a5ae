import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startLoop, type Clock, type Log } from '@talaria/core'
import type { BoardStores, Databases } from '@talaria/db'
import type { Dispatcher } from './dispatcher/dispatcher.ts'
import type { KanbanSettings } from './settings.ts'
import type { WorkerPool } from './workers/worker-pool.ts'
import { folderSize } from './workspaces/folder-size.ts'
import { scratchPath, type WorkspacePlaces } from './workspaces/prepare-workspace.ts'
import { sweepWorkspaces } from './workspaces/sweep-workspaces.ts'

const SWEEP_EVERY_MS = 60_000
const RETENTION_EVERY_MS = 10 * 60_000

/** A search looks itself for what is new; this keeps that little. */
const SEARCH_EVERY_MS = 5_000
const APPROVALS_EVERY_MS = 10_000
const QUOTA_EVERY_MS = 15_000

export interface HousekeepingOptions {
  readonly databases: Databases
  readonly storesOf: (board: string) => BoardStores
  readonly dispatcher: Dispatcher
  readonly pool: WorkerPool
  readonly places: WorkspacePlaces
  /** Logs of workers: a folder a board, a file a run. */
  readonly logsFolder: string
  readonly settings: KanbanSettings
  readonly clock: Clock
  readonly log: Log
}

/** What the service does for its boards beside dispatching: one loop each, none of which can stop another. */
export function startHousekeeping({ databases, storesOf, dispatcher, pool, places, logsFolder, settings, clock, log }: HousekeepingOptions): AsyncDisposable {
  const loops = new AsyncDisposableStack()
  const start = (name: string, everyMs: number, step: (signal: AbortSignal) => Promise<unknown>) => {
    loops.use(startLoop({ name, everyMs, firstAfterMs: everyMs, clock, log, step: async (signal) => void (await step(signal)) }))
  }
  /** One board's trouble is not the others'. */
  const onEach = async (step: (stores: BoardStores, board: string) => Promise<unknown>) => {
    for (const board of dispatcher.live()) {
      await step(storesOf(board), board).catch((error: unknown) => log.warn({ err: error, board }, 'the housekeeping of a board failed; it is tried again'))
    }
  }
  start('approvals', APPROVALS_EVERY_MS, () => onEach((stores) => stores.approvals.expire()))
  start('sweep', SWEEP_EVERY_MS, async () => {
    await databases.boards.sweep()
    await onEach((stores) => stores.attachments.sweep())
    const swept = await sweepWorkspaces({ places, boards: dispatcher.live(), storesOf, keptMs: settings.scratchKept, now: clock.now() })
    for (const one of swept) if (one.removal !== 'kept') log.debug(one, 'the workspace of a task that has ended')
  })
  start('search index', SEARCH_EVERY_MS, (signal) => onEach((stores) => stores.search.catchUp(signal)))
  start('retention', RETENTION_EVERY_MS, (signal) =>
    onEach(async (stores, board) => {
      const { eventsKept: eventsMs, transcriptsKept: transcriptsMs, deletedKept: deletedTasksMs } = settings
      await stores.retention.sweep({ eventsMs, transcriptsMs, deletedTasksMs }, signal)
      await removeLogs(stores, join(logsFolder, board), clock.now() - transcriptsMs)
    }),
  )
  const quotaBytes = settings.workspaceQuotaMb * 1_024 * 1_024
  if (quotaBytes > 0) start('quota', QUOTA_EVERY_MS, () => onEach((stores, board) => enforceQuota({ stores, board, pool, places, quotaBytes })))
  return loops
}

/** Removes the logs of workers that nobody needs any more. */
async function removeLogs(stores: BoardStores, folder: string, endedBefore: number): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  const runIds = names.filter((name) => name.endsWith('.log')).map((name) => name.slice(0, -'.log'.length))
  for (const id of await stores.retention.finishedRuns(runIds, endedBefore)) await rm(join(folder, `${id}.log`), { force: true })
}

interface Quota {
  readonly stores: BoardStores
  readonly board: string
  readonly pool: WorkerPool
  readonly places: WorkspacePlaces
  readonly quotaBytes: number
}

/** Has workers stop whose scratch holds more than it may. */
async function enforceQuota({ stores, board, pool, places, quotaBytes }: Quota): Promise<void> {
  for (const claim of pool.runsOf(board)) {
    const bytes = await folderSize(scratchPath({ board, taskNumber: claim.taskNumber }, places), quotaBytes)
    if (bytes <= quotaBytes) continue
    const reason = `its workspace holds more than ${quotaBytes / 1_024 / 1_024} MB (KANBAN_WORKSPACE_QUOTA_MB)`
    await stores.claims.wish({ runId: claim.runId, wish: 'stop', reason, actor: 'dispatcher' })
  }
}
