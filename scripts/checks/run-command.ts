import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { stopWithParent } from '../stop-with-parent.mjs'

/** How a command ended. `output` is what it wrote, unless it wrote to the terminal itself. */
export interface CommandResult {
  readonly ok: boolean
  readonly timedOut: boolean
  readonly output: string
}

export interface CommandOptions {
  readonly cwd: string
  /** When it is killed, with all that it started: nothing that hangs may hold a check for ever. */
  readonly deadlineMs: number
  /** Whether it writes to the terminal, for what takes long; else its output is in the result. */
  readonly live?: boolean
  readonly env?: NodeJS.ProcessEnv
}

const groups = new Set<number>()

/** Runs a program of this repository (`node_modules/.bin` comes first) in a process group of its own. Never rejects. */
export async function runCommand([program, ...args]: readonly [string, ...string[]], options: CommandOptions): Promise<CommandResult> {
  const { cwd, deadlineMs, live = false } = options
  const path = [join(cwd, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...options.env, PATH: path },
    stdio: live ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (output += text))
  if (child.pid !== undefined) groups.add(child.pid)
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    killGroup(child.pid)
  }, deadlineMs)
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    return { ok: code === 0 && !timedOut, timedOut, output }
  } catch (error) {
    return { ok: false, timedOut, output: `${program} did not start: ${(error as Error).message}` }
  } finally {
    clearTimeout(timer)
    if (child.pid !== undefined) groups.delete(child.pid)
  }
}

/** From now on, whatever ends this process ends every command that it runs, with all that they started. */
export function killCommandsWithUs(): void {
  stopWithParent()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(128 + constants.signals[signal]))
  process.on('exit', () => groups.forEach(killGroup))
}

function killGroup(group: number | undefined): void {
  try {
    if (group !== undefined) process.kill(-group, 'SIGKILL')
  } catch {
    // It ended in the meantime.
  }
}
