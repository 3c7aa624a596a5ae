import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf, processStarted, type Env } from '@talaria/core'
import type { Executor, SpawnRequest, WorkerExit, WorkerProcess } from './executor.ts'
import { WORKER_ENV } from './worker-protocol.ts'

export interface ProcessExecutorOptions {
  /** The program of every worker, and its arguments: node and the worker's main module. */
  readonly program: readonly [command: string, ...args: readonly string[]]
  /** What workers see of the environment. Our own keys are not in it. */
  readonly env: Env
}

/**
 * Runs each worker as a process in a session of its own: it outlives this one, and what it starts can be ended with it. It
 * shares no descriptor with us but its log, which we close as soon as it has begun (L13).
 */
export class ProcessExecutor implements Executor {
  readonly #options: ProcessExecutorOptions

  constructor(options: ProcessExecutorOptions) {
    this.#options = options
  }

  async spawn({ token, socket, workspace, logFile }: SpawnRequest): Promise<WorkerProcess> {
    const [command, ...args] = this.#options.program
    mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 })
    const output = openSync(logFile, 'a', 0o600)
    try {
      const child = spawn(command, args, {
        cwd: workspace,
        detached: true,
        stdio: ['ignore', output, output],
        env: { ...this.#options.env, [WORKER_ENV.socket]: socket, [WORKER_ENV.token]: token },
      })
      const exited = exitOf(child)
      await once(child, 'spawn')
      // It ends when it ends; we may end before it.
      child.unref()
      const pid = child.pid!
      return { pid, processStarted: processStarted(pid), exited, signal: (name) => signalGroup(pid, name) }
    } finally {
      closeSync(output)
    }
  }
}

/** Ends, stops or continues a worker and everything in its session. Nothing happens when it is gone. */
export function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name)
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error
  }
}

function exitOf(child: ReturnType<typeof spawn>): Promise<WorkerExit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', () => resolve({ code: null, signal: null }))
  })
}
