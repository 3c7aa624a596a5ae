import { createId, type Clock } from '@talaria/core'
import type { ClaimedCronRun, CronSettlement } from '@talaria/db'
import { ApiError } from '../api/api-error.ts'
import type { LiveTurn } from '../turns/live-turn.ts'
import type { SettledTurn } from '../turns/settled-turn.ts'
import { TurnAborted } from '../turns/turn-aborted.ts'
import type { Turns } from '../turns/turns.ts'

/** For the model, and for whoever reads what it did. */
const NOT_APPROVED = "This tool asks before it runs, and nobody is there to answer a cron job; set the job's approvals to 'approve' to let it."

/** How a run went, before anything of it is written. */
export type JobEnding = Pick<CronSettlement, 'state' | 'output' | 'usage' | 'error'>

export interface RunJobOptions {
  readonly turns: Turns
  readonly clock: Clock
  /** The model of jobs that name none. */
  readonly defaultModel: string
  /** Told as soon as the turn is on disk. */
  readonly onBegun: (live: LiveTurn) => Promise<void>
}

/**
 * Runs a job once: a turn in a session of its own, ended when it takes too long.
 *
 * @throws ApiError when the gateway takes no new turn at the moment.
 */
export async function runJob({ job, run }: ClaimedCronRun, { turns, clock, defaultModel, onBegun }: RunJobOptions): Promise<JobEnding> {
  const live = await turns.start({
    owner: job.owner,
    kind: 'run',
    model: job.model ?? defaultModel,
    session: {
      create: {
        id: createId('ses'),
        owner: job.owner,
        source: 'cron',
        title: job.name,
        ...(job.model !== null && { model: job.model }),
        metadata: { cron_job_id: job.id, cron_run_id: run.id, scheduled_for: new Date(run.slot).toISOString() },
      },
    },
    messages: [{ id: createId('msg', clock.now()), role: 'user', content: job.prompt }],
    history: [],
    agent: job.instructions === null ? {} : { instructions: job.instructions },
    approval: job.approvals === 'approve' ? 'allow' : { denied: NOT_APPROVED },
    request: { onDisconnect: 'continue' },
  })
  const over = new AbortController()
  try {
    void clock.delay(job.timeoutMs, over.signal).then(
      () => turns.stop(live.turn.id, new TurnAborted('cancelled', 'timeout', `The run took longer than ${job.timeoutMs / 1000} s.`)),
      () => {},
    )
    await onBegun(live)
    return endingOf(await live.settled)
  } catch (error) {
    // The turn is another gateway's by now, or cannot be written: either way it did not come to an end that we could keep.
    if (error instanceof ApiError) return { state: 'failed', output: null, usage: null, error: { code: error.code, message: error.message } }
    throw error
  } finally {
    over.abort(new Error('the run is over'))
  }
}

function endingOf({ turn, summary }: SettledTurn): JobEnding {
  const { error, usage } = turn
  const rest = { output: summary.text, usage, error }
  if (turn.status === 'completed' || turn.status === 'incomplete') return { ...rest, state: 'completed' }
  return { ...rest, state: turn.status === 'cancelled' && error?.code !== 'timeout' ? 'cancelled' : 'failed' }
}
