import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { codeOf, messageOf, type Env } from '@talaria/core'
import { WORKER_ENV } from '../workers/worker-protocol.ts'
import type { WorkerDefinition } from '../workers/worker-definition.ts'
import { CommandProcess, type CommandExit } from './command-process.ts'
import { endOfWords } from './end-of-words.ts'
import { taskJsonOf, taskVariables } from './task-for-others.ts'
import { endOfResult } from './work-result.ts'
import type { Work, WorkerEnd } from './work.ts'

/** A command that was asked to end may tidy up so long; the dispatcher gives a worker twice as much. */
const GRACE_MS = 5_000

/** Of its output this much is kept for its summary, or for the reason why it failed. */
const TAIL = 4_000
/** A result in one line may be longer. */
const LONGEST_LINE = 1_100_000

/** Of sysexits.h: it asks to be begun later. */
const EX_TEMPFAIL = 75

/** What a host that is at its end says when something is to be started. */
const HOST_ERRORS = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM'])

/**
 * Work that a command line does, in the workspace. It gets the task on standard input and in variables; it is done when it
 * exits with 0, and its last words, or a JSON object in the file `TALARIA_RESULT` or in its last line, say how.
 */
export function commandWork(env: Env): Work {
  return async ({ run, transcript, gate, signal, clock }) => {
    const worker = run.worker as Extract<WorkerDefinition, { executor: 'command' }>
    const folder = mkdtempSync(join(tmpdir(), 'talaria-result-'))
    const resultFile = join(folder, 'result.json')
    const tails = { stdout: '', stderr: '' }
    try {
      const command = new CommandProcess({
        command: worker.command,
        folder: run.workspace,
        env: { ...withoutSecrets(env), ...taskVariables(run), TALARIA_RESULT: resultFile, ...worker.env },
        input: worker.input === 'json' ? JSON.stringify(taskJsonOf(run)) : run.context,
        onOutput(kind, text) {
          transcript.add(kind, text)
          tails[kind] = (tails[kind] + text).slice(-LONGEST_LINE)
        },
        clock,
      })
      using _pause = gate.listen((isPaused) => command.signal(isPaused ? 'SIGSTOP' : 'SIGCONT'))
      if (gate.isPaused) command.signal('SIGSTOP')
      const onAbort = () => void command.stop(codeOf(signal.reason) === 'CLAIM_LOST' ? 0 : GRACE_MS)
      signal.addEventListener('abort', onAbort, { once: true })
      try {
        if (signal.aborted) onAbort()
        const exit = await command.exited
        signal.throwIfAborted()
        return endOfExit(exit, { ...tails, result: readResult(resultFile) })
      } finally {
        signal.removeEventListener('abort', onAbort)
      }
    } catch (error) {
      signal.throwIfAborted()
      const code = codeOf(error) ?? 'spawn_failed'
      return { as: 'fail', body: { class: HOST_ERRORS.has(code) ? 'infrastructure' : 'crash', code, message: messageOf(error).slice(0, 4_000) } }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

interface Said {
  readonly stdout: string
  readonly stderr: string
  readonly result: string
}

function endOfExit({ code, signal }: CommandExit, { stdout, stderr, result }: Said): WorkerEnd {
  const lastLine = stdout.trimEnd().split('\n').at(-1) ?? ''
  const end = endOfResult(result) ?? endOfResult(lastLine)
  const words = lastLines(stderr) || lastLines(stdout)
  const said = words === '' ? '.' : `: ${words}`
  if (code === 0) {
    if (end) return end
    if (result !== '')
      return { as: 'fail', body: { class: 'protocol', code: 'no_result', message: `The command left a result that is none: ${result.slice(0, 400)}` } }
    return endOfWords(lastLines(stdout) || 'The command ended well and said nothing.')
  }
  if (code === EX_TEMPFAIL) {
    const retryAfterMs = end?.as === 'fail' ? end.body.retryAfterMs : undefined
    const body = { class: 'rate_limit' as const, code: 'try_later', message: `The command asks to be begun later${said}`.slice(0, 4_000) }
    return { as: 'fail', body: { ...body, ...(retryAfterMs !== undefined && { retryAfterMs }) } }
  }
  if (code === 126 || code === 127) return { as: 'block', body: { kind: 'capability', reason: `The command could not be run${said}` } }
  // It failed, and says more about it than its exit does; that it is done is not believed.
  if (end && end.as !== 'complete') return end
  const how =
    signal === null
      ? { code: `exit_${code}`, message: `The command exited with ${code}${said}` }
      : { code: `signal_${signal}`, message: `The command was ended by ${signal}${said}` }
  return { as: 'fail', body: { class: 'crash', code: how.code, message: how.message.slice(0, 4_000) } }
}

function lastLines(text: string): string {
  const tail = text.trim()
  if (tail.length <= TAIL) return tail
  const cut = tail.slice(-TAIL)
  return cut.slice(cut.indexOf('\n') + 1).trim() || cut
}

function readResult(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  }
}

/** The command works for the board; it does not speak for the worker. */
function withoutSecrets(env: Env): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name !== WORKER_ENV.token && name !== WORKER_ENV.socket))
}
