import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const POLL_MS = 500

/**
 * Sends this process SIGTERM once whoever started it is gone, however that happened, so that it stops as it would in
 * production. A process started with an IPC channel notices at once; any other asks twice a second. Keeps nothing alive.
 */
export function stopWithParent() {
  if (process.channel) {
    process.once('disconnect', stop)
    // A listener for `disconnect` makes the channel hold the process; it must end by itself when its work is done.
    process.channel.unref()
    return
  }
  const { ppid } = process
  const starter = starterOf(ppid)
  const timer = setInterval(() => {
    if (process.ppid === ppid && isAlive(starter)) return
    clearInterval(timer)
    stop()
  }, POLL_MS)
  timer.unref()
}

function stop() {
  // Its output may have gone with the parent; a message that nobody reads must not end the orderly shutdown.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  process.kill(process.pid, 'SIGTERM')
}

// npm and pnpm put a shell in between, which does not end when they are killed, so that its parent is watched as well.
/** @param {number} ppid */
function starterOf(ppid) {
  if (!process.env.npm_lifecycle_event || process.platform === 'win32') return undefined
  try {
    const line =
      process.platform === 'linux' ? readFileSync(`/proc/${ppid}/stat`, 'utf8') : execFileSync('ps', ['-o', 'ppid=', '-p', String(ppid)], { encoding: 'utf8' })
    // The second field of /proc/PID/stat is the program's name in brackets, which may hold anything.
    const pid = Number(process.platform === 'linux' ? line.slice(line.lastIndexOf(')') + 2).split(' ')[1] : line)
    return pid > 1 ? pid : undefined
  } catch {
    return undefined
  }
}

/** @param {number | undefined} pid */
function isAlive(pid) {
  if (pid === undefined) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Not ours to signal, but there.
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}
