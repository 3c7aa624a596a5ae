import { readFileSync, readlinkSync } from 'node:fs'

/**
 * When a process began, in a form that no other process shares: boot, namespace of its number, and time. `undefined` when
 * there is no such process, or the system does not say (it must have `/proc`).
 */
export function processStarted(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Fields 3 and 22 of proc(5); the second field holds the name in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // What has ended and was not waited for yet does nothing any more.
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')} ${fields[19]}`
  } catch {
    return undefined
  }
}

/** Whether a process of this host lives, told from a later one of its number; `undefined` where that cannot be known. */
export function isProcessAlive({ pid, started }: { readonly pid: number; readonly started: string | null | undefined }): boolean | undefined {
  if (started === null || started === undefined) return undefined
  const [boot, namespace] = started.split(' ')
  const [ourBoot, ourNamespace] = (processStarted(process.pid) ?? '').split(' ')
  if (boot !== ourBoot) return ourBoot === '' ? undefined : false
  // In another container of this host the same number is another process.
  return namespace === ourNamespace ? processStarted(pid) === started : undefined
}
