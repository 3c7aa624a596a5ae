import type { Clock, DescriptorBudget, EventLoopDelay } from '@talaria/core'
import { registerDatabaseMetrics, registerGauges, registerProcessMetrics, type Metrics, type Sample } from '@talaria/core/metrics'
import type { BoardStats, Databases } from '@talaria/db'
import type { Dispatcher } from './dispatcher/dispatcher.ts'
import type { KanbanControl } from './routes/kanban-control.ts'

export interface KanbanMetricsOptions {
  readonly databases: Databases
  readonly dispatcher: Dispatcher
  readonly control: KanbanControl
  readonly isLeading: () => boolean
  readonly budget: DescriptorBudget
  readonly eventLoopDelay: EventLoopDelay
  readonly version: string
  readonly clock: Clock
}

/** Adds what is worth knowing of a kanban service; everything is asked for when it is scraped. */
export function registerKanbanMetrics(metrics: Metrics, options: KanbanMetricsOptions): void {
  const { databases, dispatcher, control, isLeading, budget, eventLoopDelay, version, clock } = options
  registerProcessMetrics(metrics, { service: 'kanban', version, budget, eventLoopDelay })
  registerDatabaseMetrics(metrics, databases)
  const gauge = (name: string, help: string, read: () => Promise<number> | number) =>
    registerGauges(metrics, { name, help, collect: async () => [{ value: await read() }] })
  gauge('kanban_leading', '1 while this dispatcher answers for the home.', () => Number(isLeading()))
  gauge('kanban_paused', '1 while nothing is begun.', () => Number(control.isPaused()))
  gauge('kanban_workers', 'Workers that this dispatcher watches over.', async () => (await control.status()).running)
  gauge('kanban_workers_max', 'Workers of this home on this host at once.', async () => (await control.status()).maxRunning)
  gauge('kanban_boards_ill', 'Boards that cannot be used.', () => dispatcher.ill().length)
  gauge('kanban_claims_total', 'Tasks that this dispatcher has begun since the start.', () => dispatcher.counts.claimed)
  gauge('kanban_failures_total', 'Attempts that failed since the start.', () => dispatcher.counts.failed)
  gauge('kanban_passes_total', 'Looks of the dispatcher since the start.', () => dispatcher.counts.passes)
  const ofBoards = async (samplesOf: (board: string, stats: BoardStats) => readonly Sample[]) => {
    const samples: Sample[] = []
    for (const board of dispatcher.live()) {
      const stats = await databases
        .board(board)
        .board.stats()
        .catch(() => undefined)
      if (stats) samples.push(...samplesOf(board, stats))
    }
    return samples
  }
  registerGauges(metrics, {
    name: 'kanban_tasks',
    help: 'Tasks by board and state.',
    labels: ['board', 'state'],
    collect: () => ofBoards((board, { byState }) => Object.entries(byState).map(([state, value]) => ({ value, labels: { board, state } }))),
  })
  registerGauges(metrics, {
    name: 'kanban_oldest_ready_seconds',
    help: 'For how long the task that waits longest has been ready.',
    labels: ['board'],
    collect: () =>
      ofBoards((board, { oldestReadyAt }) => (oldestReadyAt === null ? [] : [{ value: (clock.now() - oldestReadyAt) / 1_000, labels: { board } }])),
  })
}
