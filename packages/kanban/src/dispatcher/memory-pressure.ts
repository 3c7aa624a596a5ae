import { readFileSync } from 'node:fs'
import { freemem, totalmem } from 'node:os'

/** How short of memory the host is: `elevated` begins one worker at a time, `critical` begins none. */
export type MemoryPressure = 'none' | 'elevated' | 'critical'

/** Share of the last 10 s in which some, or all, tasks waited for memory (https://docs.kernel.org/accounting/psi.html). */
const SOME_PERCENT = 20
const FULL_PERCENT = 10

/** Share of memory that is available; below it a new worker would push others out. */
const LITTLE = 0.1
const HARDLY_ANY = 0.04

/** A reading of the host. */
export interface MemoryReading {
  readonly availableBytes: number
  readonly totalBytes: number
  /** Percentages of the last 10 s; absent where the system does not count them. */
  readonly someStalled?: number
  readonly fullStalled?: number
}

/** What the host says now. Reads two small files of the kernel; elsewhere what Node knows. */
export function readMemory(): MemoryReading {
  const stalls = textOf('/proc/pressure/memory')
  const some = numberIn(stalls, /^some avg10=([\d.]+)/m)
  const full = numberIn(stalls, /^full avg10=([\d.]+)/m)
  const available = numberIn(textOf('/proc/meminfo'), /^MemAvailable: +(\d+) kB/m)
  return {
    availableBytes: available === undefined ? freemem() : available * 1_024,
    totalBytes: totalmem(),
    ...(some !== undefined && { someStalled: some }),
    ...(full !== undefined && { fullStalled: full }),
  }
}

export function pressureOf({ availableBytes, totalBytes, someStalled = 0, fullStalled = 0 }: MemoryReading): MemoryPressure {
  const available = availableBytes / totalBytes
  if (fullStalled >= FULL_PERCENT || available < HARDLY_ANY) return 'critical'
  return someStalled >= SOME_PERCENT || available < LITTLE ? 'elevated' : 'none'
}

/** Workers that a host of this size can be expected to bear when nobody said how many: one for each 512 MB, from 2 to 8. */
export function workersFor(totalBytes: number): number {
  return Math.min(8, Math.max(2, Math.floor(totalBytes / (512 * 1_024 * 1_024))))
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function numberIn(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}
