import { hostname } from 'node:os'
import { isProcessAlive, processStarted } from '@talaria/core'

/** The name of this process as a dispatcher: host, process, and when that began, so that others can tell whether it lives. */
export function dispatcherId(): string {
  return [hostname(), process.pid, processStarted(process.pid) ?? '?'].join('/')
}

/** Whether the dispatcher of this name may still be at work; only one of this host can be known to be gone. */
export function isDispatcherGone(id: string): boolean {
  const [host, pid, started] = id.split('/')
  if (host !== hostname()) return false
  return isProcessAlive({ pid: Number(pid), started: started === '?' ? undefined : started }) === false
}
