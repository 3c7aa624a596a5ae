import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { codeOf, type Clock, type Env } from '@talaria/core'

/**
 * Runs its arguments in its own place, in a group of its own, and has the whole group die when the worker does, however
 * that happens: a pipe that only the worker holds closes then, and the reader beside the command ends everybody. Nothing
 * of the command line is read by the shell. Exits with 127 when there is no such program, 126 when it cannot be run.
 */
const WITH_WORKER = '(read -r _ <&3; kill -KILL 0) </dev/null >/dev/null 2>&1 & exec "$@" 3<&-'

export interface CommandProcessOptions {
  readonly command: readonly string[]
  readonly folder: string
  readonly env: Env
  /** All of its standard input. */
  readonly input: string
  /** Called with what it writes, as it comes. */
  readonly onOutput: (kind: 'stdout' | 'stderr', text: string) => void
  readonly clock: Clock
}

/** How a command ended: with an exit code, or by a signal. */
export interface CommandExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A command and everything that it starts, as long as that stays in its group. Whoever starts it waits for its end or ends it. */
export class CommandProcess {
  /** Resolves when it is gone with all that it started, and what it wrote has been handed on. Rejects when it could not be started. */
  readonly exited: Promise<CommandExit>
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #clock: Clock

  constructor({ command, folder, env, input, onOutput, clock }: CommandProcessOptions) {
    this.#clock = clock
    const child = spawn('/bin/sh', ['-c', WITH_WORKER, 'sh', ...command], {
      cwd: folder,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      env: { ...env },
    }) as unknown as ChildProcessByStdio<Writable, Readable, Readable>
    this.#child = child
    // One that does not read its input has not failed for it.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    child.stdout.setEncoding('utf8').on('data', (text: string) => onOutput('stdout', text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => onOutput('stderr', text))
    this.exited = this.#seeOut()
    this.exited.catch(() => {})
  }

  /** To the command and to everything in its group. Nothing happens when they are gone. */
  signal(name: NodeJS.Signals): void {
    const { pid } = this.#child
    if (pid === undefined) return
    try {
      process.kill(-pid, name)
    } catch (error) {
      if (codeOf(error) !== 'ESRCH' && codeOf(error) !== 'EPERM') throw error
    }
  }

  /** Asks it to end, and makes it after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    if (graceMs > 0) {
      this.signal('SIGTERM')
      // What is paused hears nothing else.
      this.signal('SIGCONT')
      const inTime = new AbortController()
      await Promise.race([this.exited.catch(() => {}), this.#clock.delay(graceMs, inTime.signal).catch(() => {})])
      inTime.abort()
    }
    this.signal('SIGKILL')
    await this.exited.catch(() => {})
  }

  async #seeOut(): Promise<CommandExit> {
    const closed = once(this.#child, 'close')
    closed.catch(() => {})
    const [code, signal] = (await once(this.#child, 'exit')) as [number | null, NodeJS.Signals | null]
    // What it left running would hold its pipes open, and work on in a folder that is somebody else's next.
    this.signal('SIGKILL')
    await closed
    return { code, signal }
  }
}
