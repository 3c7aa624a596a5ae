import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const POLL_MS = 500
const SHELL = /^-?(\S*\/)?(sh|ash|dash|bash|zsh|fish)( |$)/
const PACKAGE_MANAGER = /(^|\/)(npm|npx|pnpm|pnpx|yarn|bun)(-cli\.js|\.c?js)?( |$)/

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
  const starters = startersOf(ppid)
  const timer = setInterval(() => {
    if (process.ppid === ppid && starters.every(isAlive)) return
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

// `npx pnpm dev` is npx, pnpm, a shell and then this process. Killed, none of them ends the next, so that all are
// watched, up to the outermost package manager; what started that one may end, as the shell of `nohup npm start &` does.
/** @param {number} ppid */
function startersOf(ppid) {
  const chain = []
  for (let pid = ppid; pid > 1;) {
    const { parent, command } = processOf(pid)
    // Anything else than these runs commands for reasons of its own, even if npm started it: a terminal, a test.
    if (!PACKAGE_MANAGER.test(command) && !SHELL.test(command)) break
    chain.push({ pid, command })
    pid = parent
  }
  const outermost = chain.findLastIndex(({ command }) => PACKAGE_MANAGER.test(command))
  return chain.slice(0, outermost + 1).map(({ pid }) => pid)
}

/** @param {number} pid */
function processOf(pid) {
  try {
    if (process.platform === 'linux') return { parent: Number(statOf(pid)[1]), command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') }
    const [, parent, command] = /^\s*(\d+)\s+(.*)/.exec(execFileSync('ps', ['-o', 'ppid=,command=', '-p', String(pid)], { encoding: 'utf8' })) ?? []
    return { parent: Number(parent ?? 0), command: command ?? '' }
  } catch {
    // It has just ended, or this system has neither: then only the direct parent is watched.
    return { parent: 0, command: '' }
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    // In a container whose first process buries no dead, a killed npm stays as a zombie, which takes signals.
    if (process.platform === 'linux') return statOf(pid)[0] !== 'Z'
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Not ours to signal, but there.
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}

// State, parent, and so on: what follows the name of the program, which stands in brackets and may hold anything.
/** @param {number} pid */
function statOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
