import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A real process that runs one of the programs in `packages/db/test`. */
export interface Child extends AsyncDisposable {
  readonly pid: number
  /** What it has printed so far, line by line. */
  readonly lines: readonly string[]
  /** Resolves when it has printed a line that begins so; rejects when it ends before. */
  printed(beginning: string): Promise<string>
  kill(signal: NodeJS.Signals): void
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
}

export interface ChildOptions {
  /** What it runs under, such as `['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh']`. */
  readonly under?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** Children spend most of their short lives compiling the same modules. */
const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url))

/** Starts `packages/db/test/<program>.ts`; disposing kills it. Its standard error is ours. */
export function startChild(program: string, args: readonly string[] = [], { under = [], env = {} }: ChildOptions = {}): Child {
  const path = fileURLToPath(new URL(`../../test/${program}.ts`, import.meta.url))
  const [command = '', ...rest] = [...under, process.execPath, path, ...args]
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE, ...env } })
  const lines: string[] = []
  let onLine = Promise.withResolvers<void>()
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (line) => {
    lines.push(line)
    onLine.resolve()
    onLine = Promise.withResolvers<void>()
  })
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
  return {
    pid: child.pid!,
    lines,
    ended,
    kill: (signal) => void child.kill(signal),
    async printed(beginning) {
      const hasEnded = ended.then((how) => ({ how }))
      for (;;) {
        const next = onLine.promise
        const line = lines.find((one) => one.startsWith(beginning))
        if (line !== undefined) return line
        const end = await Promise.race([next, hasEnded])
        if (end && !lines.some((one) => one.startsWith(beginning)))
          throw new Error(`${program} ended with ${end.how} without printing '${beginning}': ${lines.join(' | ')}`)
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
      reader.close()
    },
  }
}
