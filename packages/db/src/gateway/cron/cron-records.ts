import type { Schedule } from '@talaria/core/schedule'
import type { NewOutbound } from '../chats/chat-records.ts'
import type { ChatAddress, TokenUsage, TurnFailure } from '../records.ts'

/** What becomes of times that passed while no gateway ran: none is made up for, one run stands for all, or each is run. */
export type CronCatchUp = 'skip' | 'one' | 'all'

/** What a time does that comes while the run before it is not over: nothing, wait for it, or end it. */
export type CronOverlap = 'skip' | 'queue' | 'replace'

/** What becomes of tools that ask before they run, as nobody is there to answer: they do not run, or they do. */
export type CronApprovals = 'deny' | 'approve'

/** `completed`: it has no time left. */
export type CronJobState = 'scheduled' | 'paused' | 'completed'

/** What a job is to do, and when. */
export interface CronJobDefinition {
  readonly name: string
  readonly prompt: string
  readonly model: string | null
  readonly instructions: string | null
  readonly schedules: readonly Schedule[]
  /** IANA name of the zone that the schedules are read in. */
  readonly timezone: string
  readonly catchUp: CronCatchUp
  /** A missed time that is longer ago is not made up for; `null` is no limit. */
  readonly maxLatenessMs: number | null
  readonly overlap: CronOverlap
  /** Each time is put off by up to this much, always by the same for one time of one job. */
  readonly jitterMs: number
  readonly timeoutMs: number
  /** How often a run that failed is tried again. */
  readonly retries: number
  /** Before the first try again; twice as long before each one after it. */
  readonly retryBackoffMs: number
  /** Whether a run whose process died is tried again too, although it may have done its work. */
  readonly retryUnknown: boolean
  /** How often it fires before it is completed; `null` is no limit. Runs that a person starts do not count. */
  readonly repeat: number | null
  /** Where its output goes, as it was written: `origin`, `home`, `telegram:123`, `session`, `none`. */
  readonly deliver: readonly string[]
  /** The chat it was made in. */
  readonly origin: ChatAddress | null
  readonly approvals: CronApprovals
}

/** When a job fires next: the time that is meant, and that time with its jitter. Both `null` when it does not. */
export interface CronPlan {
  /** When this was worked out, by the wall; a clock that shows less was set back since. */
  readonly plannedAt: number
  readonly nextSlot: number | null
  readonly nextDueAt: number | null
}

export interface NewCronJob extends CronJobDefinition, CronPlan {
  readonly id: string
  readonly owner: string
}

/** Work that is done at set times. */
export interface CronJob extends NewCronJob {
  readonly state: CronJobState
  /** How often it has fired. */
  readonly fired: number
  readonly pausedAt: number | null
  readonly pausedReason: string | null
  readonly createdAt: number
  readonly updatedAt: number
  /** Another number after every change of what it is to do; proof that a plan was made for what it is now. */
  readonly revision: number
  readonly lastRunAt: number | null
  readonly lastStatus: CronRunState | null
  readonly lastError: string | null
  /** Runs in a row that did not succeed. */
  readonly failureStreak: number
}

/** `skipped`: it was not run, and its error says why. `unknown`: its process died, and what it did is not known. */
export type CronRunState = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled' | 'skipped' | 'unknown'

/** `catch_up`: its time passed while no gateway ran. `manual`: a person asked for it. */
export type CronRunCause = 'schedule' | 'catch_up' | 'manual'

/** What became of one place a run's output was to go to. */
export interface CronDelivery {
  readonly target: string
  /** `queued`: it is in the outbox. `silent`: the output asked not to be sent. */
  readonly status: 'queued' | 'silent' | 'failed'
  /** The messages in the outbox. */
  readonly outbound?: readonly string[]
  readonly error?: string
}

/** A time of a job that has come; what is written when it does. */
export interface NewCronRun {
  readonly id: string
  /** The time that is meant; there is one run for it and no second. */
  readonly slot: number
  /** The slot with its jitter. */
  readonly dueAt: number
  readonly cause: CronRunCause
  /** Earlier times that this run stands for. */
  readonly missed: number
  /** Why it is not run, when it is not. */
  readonly skipped?: TurnFailure
}

/** One run of a job. */
export interface CronRun extends Omit<NewCronRun, 'skipped'> {
  readonly jobId: string
  readonly state: CronRunState
  /** How often it was begun. */
  readonly attempt: number
  /** When it may begin: later than `dueAt` when it is tried again. */
  readonly runAt: number
  /** Set when it is to end early, with the reason. */
  readonly cancelReason: string | null
  /** The process that runs it; only that one may settle it. */
  readonly runner: string | null
  readonly createdAt: number
  readonly startedAt: number | null
  readonly finishedAt: number | null
  readonly turnId: string | null
  readonly sessionId: string | null
  readonly output: string | null
  readonly usage: TokenUsage | null
  readonly error: TurnFailure | null
  readonly deliveries: readonly CronDelivery[]
}

/** How a run ended. */
export interface CronSettlement {
  readonly state: Extract<CronRunState, 'completed' | 'failed' | 'cancelled' | 'unknown'>
  readonly output: string | null
  readonly usage: TokenUsage | null
  readonly error: TurnFailure | null
  readonly deliveries: readonly CronDelivery[]
  /** What goes into the outbox with it. */
  readonly outbound: readonly NewOutbound[]
  readonly finishedAt: number
}
