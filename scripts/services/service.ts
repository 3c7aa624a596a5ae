import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

const PRELOAD = join(import.meta.dirname, 'preload.mjs')

// V8's own choice keeps three times the memory a service needs; see docs/decisions/0007-a-small-heap.md.
const SMALL_HEAP = ['--max-semi-space-size=4', '--heap-growing-percent=30']

// What a service wrote last is read shortly after it ended, unless a child of its own keeps the pipe open.
const LAST_WORDS_MS = 500

/** How a process ended: with a code, or by a signal. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** An exit in words, for a sentence in brackets. */
export function describeExit({ code, signal }: Exit): string {
  return signal ? `by ${signal}` : `exit code ${code}`
}

/** The exit code of a process that stands for others: the greatest of theirs, a signal counted as shells do. */
export function exitCodeOf(exits: readonly Exit[]): number {
  return Math.max(...exits.map(({ code, signal }) => code ?? (signal ? 128 + constants.signals[signal] : 1)))
}

/**
 * Starts the service whose main module is the file `main`. `onLine` takes each line that it writes.
 * It runs in a process group of its own, so that Ctrl-C in a terminal reaches it once and through us, and has a channel
 * to this process, so that it stops by itself when we are gone, even killed. Whoever starts it stops it.
 */
export function startService(main: string, options: { readonly env: NodeJS.ProcessEnv; readonly onLine: (line: string) => void }): Service {
  const child = spawn(process.execPath, [...SMALL_HEAP, '--import', PRELOAD, main], {
    env: options.env,
    detached: true,
    // Never `inherit` for standard input: a service that reads the terminal holds it, and one that lost it spins.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  for (const output of [child.stdout, child.stderr]) {
    if (output) createInterface({ input: output }).on('line', options.onLine)
  }
  return new Service(child)
}

/** One service that was started: see `startService`. */
export class Service {
  /** Resolves when the process has ended and its output was read; never rejects. */
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess

  constructor(child: ChildProcess) {
    this.#child = child
    const closed = once(child, 'close').catch(() => undefined)
    this.exited = once(child, 'exit').then(
      async ([code, signal]) => {
        await Promise.race([closed, delay(LAST_WORDS_MS, undefined, { ref: false })])
        return { code: code as number | null, signal: signal as NodeJS.Signals | null }
      },
      // It could not even be started; `spawn` has no other way to end without `exit`.
      () => ({ code: 1, signal: null }),
    )
  }

  /** Asks it to stop. Asked a second time, a service ends at once. */
  terminate(): void {
    this.#child.kill('SIGTERM')
  }

  /** Asks it to stop, asks again after each of `patienceMs` but the last, and then kills it with all that it started. */
  async stop(...patienceMs: readonly number[]): Promise<Exit> {
    for (const ms of patienceMs) {
      this.terminate()
      const ended = await Promise.race([this.exited, delay(ms, undefined, { ref: false })])
      if (ended) return ended
    }
    this.#killGroup()
    return this.exited
  }

  #killGroup(): void {
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    process.kill(-this.#child.pid, 'SIGKILL')
  }
}
