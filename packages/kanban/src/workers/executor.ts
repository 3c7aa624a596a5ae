import type { Claim, TaskDetail } from '@talaria/db'
import type { WorkerDefinition } from './worker-definition.ts'

/** What begins the work on a claimed task: a child process, or in tests and demonstrations a function of this one. */
export interface Executor {
  /** Resolves once the worker has been started; it may still fail a moment later, which `exited` tells. */
  spawn(work: SpawnRequest): Promise<WorkerProcess>
}

/** Everything that a worker is started with. It gets no database: what it wants to know or change it asks the dispatcher. */
export interface SpawnRequest {
  readonly claim: Claim
  /** Proof of the claim: good for this one run, and worthless once that is over. */
  readonly token: string
  /** The Unix socket that the worker speaks to; the same path after the dispatcher started again. */
  readonly socket: string
  readonly workspace: string
  readonly logFile: string
  readonly worker: WorkerDefinition
  readonly task: TaskDetail
}

/** A worker that was started. Its owner waits for its end or has it ended; nothing else needs closing. */
export interface WorkerProcess {
  readonly pid: number | undefined
  /** Tells the process from a later one with the same number; `undefined` where the system cannot say. */
  readonly processStarted: string | undefined
  /** Resolves when it is gone, however it ended. */
  readonly exited: Promise<WorkerExit>
  /** To it and to everything that it has started. */
  signal(name: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void
}

export interface WorkerExit {
  readonly code: number | null
  readonly signal: string | null
}
