import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { within } from './within.ts'

/** Longer than a start and a stop take on a busy machine; only what hangs takes so long. */
const PATIENCE_MS = 30_000

const DIE_WITH_PARENT = new URL(`./die-with-parent.ts?parent=${process.pid}`, import.meta.url).href

/** How a process ended: its exit code, or the signal that ended it. */
export type ProcessEnd = number | NodeJS.Signals

export interface ServiceProcessOptions {
  /** The program: an absolute path. */
  readonly main: string
  readonly args?: readonly string[]
  /** Its `TALARIA_HOME`, and its `HOME` too, so that nothing of the person who runs the tests is read or written. */
  readonly home: string
  /** All that it is told beside that; of our own environment it sees only `PATH`. */
  readonly env?: Readonly<Record<string, string>>
  /** What it runs under, such as `['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh']`. */
  readonly under?: readonly string[]
}

/** A program of this repository as a real process. Disposing kills it. */
export class ServiceProcess implements AsyncDisposable {
  readonly pid: number
  /** What it has written to its standard output so far. */
  stdout = ''
  /** What it has written to its standard error so far: for a service, its log. */
  stderr = ''
  /** Resolves once it has ended and everything it wrote has arrived. */
  readonly ended: Promise<ProcessEnd>
  readonly #child: ChildProcess
  #onWords = Promise.withResolvers<void>()

  constructor({ main, args = [], home, env = {}, under = [] }: ServiceProcessOptions) {
    const [program = '', ...rest] = [...under, process.execPath, '--import', DIE_WITH_PARENT, main, ...args]
    const own = { PATH: process.env.PATH ?? '', HOME: home, TALARIA_HOME: home }
    const child = spawn(program, rest, { env: { ...own, ...env }, cwd: home, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.pid = child.pid ?? -1
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#hear('stdout', text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.#hear('stderr', text))
    this.ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as ProcessEnd)
  }

  /** Waits until its log says this; rejects, with the log, when it ends before or takes too long. */
  async logs(text: string): Promise<void> {
    const hasEnded = this.ended.then(() => true)
    const heard = async () => {
      for (;;) {
        const next = this.#onWords.promise
        if (this.stderr.includes(text)) return
        if ((await Promise.race([next, hasEnded])) && !this.stderr.includes(text))
          throw new Error(`It ended (${await this.ended}) without logging '${text}':\n${this.stderr}`)
      }
    }
    await within(PATIENCE_MS, `process ${this.pid} logs '${text}'`, heard()).catch((error: Error) => {
      throw new Error(`${error.message}\nIts log:\n${this.stderr.slice(-4_000)}`, { cause: error })
    })
  }

  /** Where it listens, once it does: the first address that its log names. */
  async url(): Promise<string> {
    await this.logs('"url":"http')
    return /"url":"(http[^"]+)"/.exec(this.stderr)![1]!
  }

  /** What it has open now, as the kernel calls it: the path of a file, `socket:[41]`. Linux only. */
  descriptors(): readonly string[] {
    const folder = `/proc/${this.pid}/fd`
    return readdirSync(folder).flatMap((number) => {
      try {
        return readlinkSync(`${folder}/${number}`)
      } catch {
        return [] // closed while we looked
      }
    })
  }

  /** Sends a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Asks it to end, and waits until it has. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<ProcessEnd> {
    this.signal(signal)
    return this.end()
  }

  /** Waits for its end, but not for ever. */
  async end(): Promise<ProcessEnd> {
    return within(PATIENCE_MS, `process ${this.pid} ends`, this.ended).catch((error: Error) => {
      throw new Error(`${error.message}\nIts log:\n${this.stderr.slice(-4_000)}`, { cause: error })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
  }

  #hear(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text
    this.#onWords.resolve()
    this.#onWords = Promise.withResolvers<void>()
  }
}
