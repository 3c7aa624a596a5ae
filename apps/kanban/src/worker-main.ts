import { createLog, listenForShutdown, messageOf, systemClock as clock, TalariaError } from '@talaria/core'
import { runWorker } from '@talaria/kanban/worker'
import { readWorkerConfig } from './worker-config.ts'

/** Of sysexits.h: something in the configuration; starting again changes nothing. */
const EX_CONFIG = 78
/** Of the same: something within this process, which the log tells. */
const EX_SOFTWARE = 70

/** A command may take 5 s to end, and what is to be said 3 s; the dispatcher kills a worker 10 s after it has asked. */
const DEADLINE_MS = 9_500

async function main(): Promise<void> {
  const { socket, token, env, agent } = await readWorkerConfig()
  const log = createLog('worker')
  using shutdown = listenForShutdown({ log, deadlineMs: DEADLINE_MS })
  const outcome = await runWorker({ socket, token, env, agent, pid: process.pid, signal: shutdown.signal, clock, log })
  log.info({ outcome }, 'the worker has done what it was begun for')
  if (outcome === 'unheard') process.exitCode = EX_SOFTWARE
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = error instanceof TalariaError && error.code === 'INVALID_CONFIG' ? EX_CONFIG : EX_SOFTWARE
}
