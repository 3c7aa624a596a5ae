import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A process of the bench: a server, or a client that measures. */
export interface Child extends AsyncDisposable {
  readonly process: ChildProcess
  /** The next line on its standard output that `match` finds something in. */
  line<Found>(match: (line: string) => Found | undefined): Promise<Found>
}

/** Starts `node ...args`; disposing ends it with SIGTERM and waits. What it writes to standard error is shown. */
export function startChild(args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const exited = once(child, 'exit')
  return {
    process: child,
    line: (match) =>
      new Promise((resolve, reject) => {
        const onLine = (line: string) => {
          const found = match(line)
          if (found === undefined) return
          lines.off('line', onLine)
          resolve(found)
        }
        lines.on('line', onLine)
        void exited.then(([code]) => reject(new Error(`${args.join(' ')} ended with ${String(code)} before it said what was waited for`)))
      }),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await exited
    },
  }
}

/** Runs `node ...args` to its end; the JSON on its last line. */
export async function measuredBy<Figures>(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Figures> {
  await using child = startChild(args, env)
  return await child.line((line) => (line.startsWith('{') ? (JSON.parse(line) as Figures) : undefined))
}
