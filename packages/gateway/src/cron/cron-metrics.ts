import type { Clock } from '@talaria/core'
import { registerGauges, type Metrics } from '@talaria/core/metrics'
import type { CronRunStore } from '@talaria/db'
import type { CronScheduler } from './cron-scheduler.ts'

export interface CronMetricsOptions {
  readonly scheduler: CronScheduler
  readonly runs: CronRunStore
  readonly clock: Clock
  /** Whether the database is in use; a scrape opens nothing. */
  readonly isOpen: () => boolean
}

/** Adds what is worth knowing of jobs: what is due, waits and runs in this home, and what this gateway did. */
export function registerCronMetrics(metrics: Metrics, { scheduler, runs, clock, isOpen }: CronMetricsOptions): void {
  const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
    registerGauges(metrics, { name, help, collect: async () => (isOpen() ? [{ value: await read() }] : []) })
  const backlog = () => runs.backlog(clock.now())
  gauge('cron_jobs_due', 'Jobs whose time has come and that have not been fired.', async () => (await backlog()).due)
  gauge('cron_runs_queued', 'Runs of jobs that wait.', async () => (await backlog()).queued)
  gauge('cron_runs_running', 'Runs of jobs under way.', async () => (await backlog()).running)
  gauge('cron_late_seconds', 'For how long the oldest time that is due has been waiting.', async () => {
    const { oldestDueAt } = await backlog()
    return oldestDueAt === undefined ? 0 : Math.max(0, clock.now() - oldestDueAt) / 1000
  })
  gauge('cron_runs_begun_total', 'Runs of jobs that this gateway began since its start.', () => scheduler.counts.begun)
  gauge('cron_runs_late_seconds_total', 'By how much they were late, in sum.', () => scheduler.counts.lateMs / 1000)
  registerGauges(metrics, {
    name: 'cron_runs_settled_total',
    help: 'Runs of jobs that this gateway ended since its start, by how.',
    labels: ['state'],
    collect: () => Object.entries(scheduler.counts.settled).map(([state, value]) => ({ value, labels: { state } })),
  })
}
