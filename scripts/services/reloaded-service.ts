import { untilHealthy } from './health.ts'
import type { PreparedService } from './prepare.ts'
import { describeExit, startService, type Exit, type Service } from './service.ts'
import type { Terminal } from './terminal.ts'

// While somebody waits to see an edit: asked once to end in order, soon again to end at once, then killed.
const PATIENCE_MS = [3_000, 1_000]

/** A service under development: one process at a time, replaced on demand. Whoever starts it stops it. */
export class ReloadedService {
  readonly #entry: PreparedService
  readonly #env: NodeJS.ProcessEnv
  readonly #terminal: Terminal
  #service: Service | undefined
  #replaced = new AbortController()

  constructor(entry: PreparedService, { env, terminal }: { readonly env: NodeJS.ProcessEnv; readonly terminal: Terminal }) {
    this.#entry = entry
    this.#env = env
    this.#terminal = terminal
  }

  /** Starts a process and says when it answers, or that it ended; then the next `reload` starts another. */
  start(): void {
    const { name, main, url } = this.#entry
    const startedAt = performance.now()
    const service = startService(main, { env: this.#env, onLine: this.#terminal.linesOf(name) })
    this.#service = service
    const replaced = new AbortController()
    this.#replaced = replaced
    void untilHealthy(url, replaced.signal).then(
      () => this.#terminal.say(`${name} is up after ${((performance.now() - startedAt) / 1000).toFixed(1)} s: ${url}`),
      () => undefined, // replaced, stopped or ended before it answered
    )
    void service.exited.then((exit) => {
      if (!replaced.signal.aborted) this.#terminal.say(`${name} ended by itself (${describeExit(exit)}). The next edit starts it again.`)
      replaced.abort()
    })
  }

  /** Stops the process, which frees its port, and starts another one. */
  async reload(): Promise<void> {
    await this.stop()
    this.start()
  }

  /** Stops the process. Resolves with how it ended, whenever that was. */
  async stop(): Promise<Exit> {
    this.#replaced.abort()
    return (await this.#service?.stop(...PATIENCE_MS)) ?? { code: 0, signal: null }
  }
}
