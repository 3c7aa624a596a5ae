import { join } from 'node:path'
import { ServiceProcess } from '@talaria/core/testing'

const MAIN = join(import.meta.dirname, '../../../../apps/kanban/src/main.ts')

/** The variables that make a dispatcher short of breath: leases of seconds, so that a killed worker is noticed soon. */
const ENV = {
  KANBAN_LEASE: '3s',
  KANBAN_TICK: '500ms',
  KANBAN_MAX_RUNNING: '4',
  KANBAN_MAX_RUNNING_PER_BOARD: '4',
  KANBAN_MAX_RUNNING_PER_ASSIGNEE: '4',
  KANBAN_MAX_ATTEMPTS: '50',
  KANBAN_STOP_GRACE: '500ms',
  TALARIA_LOG_LEVEL: 'info',
}

/** Dispatchers of one home as processes, each of which is started again when it is killed. */
export class MortalDispatchers implements AsyncDisposable {
  readonly #home: string
  readonly #env: Readonly<Record<string, string>>
  readonly #processes: ServiceProcess[] = []
  readonly #logs: string[] = []

  constructor(home: string, env: Readonly<Record<string, string>>) {
    this.#home = home
    this.#env = { ...ENV, ...env }
  }

  /** Starts one more, and resolves once it works: it answers, or has found who does. */
  async start(): Promise<void> {
    const process = new ServiceProcess({ main: MAIN, home: this.#home, env: this.#env })
    this.#processes.push(process)
    await Promise.race([process.logs('the kanban service listens'), process.logs('another dispatcher of this home')])
  }

  /** Kills this one of them and starts another in its place. */
  async killAndReplace(index: number): Promise<void> {
    const [process] = this.#processes.splice(index % this.#processes.length, 1)
    if (!process) return
    process.signal('SIGKILL')
    await process.ended
    this.#logs.push(process.stderr)
    await this.start()
  }

  /** What all of them, the killed ones too, have logged. */
  get logs(): string {
    return [...this.#logs, ...this.#processes.map(({ stderr }) => stderr)].join('\n')
  }

  descriptors(): readonly (readonly string[])[] {
    return this.#processes.map((process) => process.descriptors())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((process) => process[Symbol.asyncDispose]()))
  }
}
