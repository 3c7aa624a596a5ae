import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { messageOf, redactSecrets, type Clock, type Env } from '@talaria/core'
import { signalGroup } from './process-executor.ts'

/** A test suite; whoever has a longer one says so. */
const TIMEOUT_MS = 600_000

/** Of what a command prints, its end says what is wrong. */
const KEPT_CHARACTERS = 4_000

export interface CheckCommand {
  readonly command: string
  readonly timeoutMs?: number
  readonly folder: string
  readonly env: Env
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** How a command ended. */
export interface CheckCommandResult {
  readonly isGood: boolean
  /** How it ended in words, and the end of what it printed, without what looks like a secret. */
  readonly said: string
}

/**
 * Runs a command by the shell in a workspace, and ends it and everything that it has started when it has ended, when its
 * time is up, and when `signal` aborts.
 */
export async function runCheckCommand({ command, timeoutMs = TIMEOUT_MS, folder, env, clock, signal }: CheckCommand): Promise<CheckCommandResult> {
  signal.throwIfAborted()
  const child = spawn('/bin/sh', ['-c', command], { cwd: folder, env: { ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const keep = (text: string) => (output = (output + text).slice(-KEPT_CHARACTERS))
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep)
  // The exit, not the end of its output: what it left running may hold that open for ever.
  const exited = (once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>).catch((error: unknown) => ({ error }))
  const over = new AbortController()
  const late = clock.delay(timeoutMs, AbortSignal.any([signal, over.signal])).then(
    () => 'late' as const,
    () => 'stopped' as const,
  )
  try {
    const end = await Promise.race([exited, late])
    if (end === 'stopped') throw signal.reason
    if (end === 'late') return { isGood: false, said: withOutput(`took longer than ${Math.round(timeoutMs / 1_000)} s`, output) }
    if (!Array.isArray(end)) return { isGood: false, said: `could not be started (${messageOf(end.error)})` }
    // Its last words may still be in the pipe.
    await new Promise((resolve) => setImmediate(resolve))
    const [code, signalName] = end
    return { isGood: code === 0, said: withOutput(code === null ? `was ended by ${signalName}` : `exited with ${code}`, output) }
  } finally {
    over.abort()
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL')
    child.stdout.destroy()
    child.stderr.destroy()
  }
}

function withOutput(end: string, output: string): string {
  const text = redactSecrets(output).trim()
  return text === '' ? end : `${end}:\n${text}`
}
