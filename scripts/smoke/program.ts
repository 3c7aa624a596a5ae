import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { until } from '@talaria/core/testing'
import { processesOf } from './processes.ts'

// A cold start on two busy cores; only what is broken takes so long.
const PATIENCE_MS = 60_000

/** A Talaria under test: the program that was started, and every process that has its home. */
export class Program implements AsyncDisposable {
  readonly home: string
  readonly url: string
  output = ''
  readonly #child: ChildProcess
  readonly #exited: Promise<number | null>

  constructor([program, ...args]: readonly [string, ...string[]], { home, port, cwd, env = {} }: ProgramOptions) {
    this.home = home
    this.url = `http://127.0.0.1:${port}`
    this.#child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env, TALARIA_HOME: home, API_SERVER_PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    this.#exited = once(this.#child, 'exit').then(
      ([code]) => code as number | null,
      () => null,
    )
  }

  /** Waits until `/health` answers with success; that of the gateway unless told otherwise. */
  async healthy(url = this.url): Promise<void> {
    await this.#until(`${url}/health answers`, () =>
      fetch(`${url}/health`).then(
        (response) => response.ok,
        () => false,
      ),
    )
  }

  /** Waits until the output from `mark` on has this text; resolves with the place behind it, for the next mark. */
  async says(text: string, mark = 0): Promise<number> {
    await this.#until(`it says "${text}"`, () => this.output.includes(text, mark))
    return this.output.indexOf(text, mark) + text.length
  }

  /** Sends a signal to the program that was started, and to nothing else. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits until the program has ended; resolves with its exit code. */
  async ended(): Promise<number | null> {
    await this.#until('it ends', () => this.#child.exitCode !== null || this.#child.signalCode !== null)
    return this.#exited
  }

  /** Waits until no process has this home any more. */
  async nothingLeft(): Promise<void> {
    await this.#until('nothing of it is left', () => processesOf(this.home).length === 0).catch((error: Error) => {
      throw new Error(`${error.message}\nLeft: ${JSON.stringify(processesOf(this.home))}`)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of processesOf(this.home)) process.kill(pid, 'SIGKILL')
    await this.#exited
  }

  async #until(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
    await until(what, PATIENCE_MS, look).catch((error: Error) => {
      throw new Error(`${error.message} It wrote:\n${this.output.slice(-4_000)}`)
    })
  }
}

interface ProgramOptions {
  /** A home of its own, by which its processes are found. */
  readonly home: string
  readonly port: number
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
}
