import type { Executor, SpawnRequest, WorkerExit, WorkerProcess } from './executor.ts'

/** What a worker of the twin does; it may be asked to stop by its signal. */
export type TwinWork = (request: SpawnRequest, signal: AbortSignal) => Promise<WorkerExit | void>

/**
 * Executes work in this process: for tests, measurements and demonstrations. It behaves as a process does: it ends with
 * an exit code, is asked by SIGTERM and is ended by SIGKILL, whether its work listens or not.
 */
export class TwinExecutor implements Executor {
  readonly #work: TwinWork

  constructor(work: TwinWork) {
    this.#work = work
  }

  async spawn(request: SpawnRequest): Promise<WorkerProcess> {
    const stop = new AbortController()
    const { promise: killed, resolve: kill } = Promise.withResolvers<WorkerExit>()
    const worked = this.#work(request, stop.signal).then(
      (exit) => exit ?? { code: 0, signal: null },
      () => ({ code: 1, signal: null }),
    )
    return {
      pid: undefined,
      processStarted: undefined,
      exited: Promise.race([worked, killed]),
      signal(name) {
        if (name === 'SIGTERM') stop.abort()
        if (name === 'SIGKILL') {
          stop.abort()
          kill({ code: null, signal: name })
        }
      },
    }
  }
}
