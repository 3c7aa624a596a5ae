import { isDeepStrictEqual } from 'node:util'
import type { OpenOf } from '../testing/open-of.ts'
import type { LoadOutcome } from './load.ts'
import type { Sample } from './samples.ts'
import { slopeOf } from './slope.ts'

/** One thing that a gateway must do to last. */
export interface Finding {
  readonly what: string
  /** `undefined` when the run was too short to tell. */
  readonly holds: boolean | undefined
  readonly detail: string
}

export interface SoakOutcome {
  /** What was open without clients, after the warm-up and after the load. */
  readonly before: OpenOf
  readonly after: OpenOf
  readonly samples: readonly Sample[]
  readonly load: Pick<LoadOutcome, 'failed' | 'failures'>
}

/**
 * What fills up first is no leak: at 50 requests a second compiled code and the room that the heap keeps for garbage for 13
 * minutes, SQLite's page caches for 6; see docs/reports/2026-11-24-soak.md.
 */
const WARM_UP_MS = 15 * 60_000
/** Of a longer run, in case what fills up does so more slowly. */
const WARM_UP = 1 / 3
/** Samples follow one another too closely to count as so many observations: the medians of these blocks do. */
const BLOCKS = 12
/** After the warm-up; less than this cannot tell a slow leak from a step of a few pages. */
const SHORTEST_JUDGED_MS = 10 * 60_000

/** Between wider bounds something that fills the memory of a small machine within a day could hide. */
const WIDEST_MB_AN_HOUR = 100

/** Whether the gateway answers and does not wear out, finding by finding. */
export function judge({ load, ...outcome }: SoakOutcome): readonly Finding[] {
  return [
    {
      what: 'every request was answered as it should be',
      holds: load.failed === 0,
      detail: load.failed === 0 ? 'no failure' : `${load.failed} failed, the first: ${load.failures[0] ?? 'unknown'}`,
    },
    ...judgeWear(outcome),
  ]
}

/** Whether anything of it grows that should not. */
export function judgeWear({ before, after, samples }: Omit<SoakOutcome, 'load'>): readonly Finding[] {
  return [
    {
      what: 'what is open without clients is a constant',
      holds: isDeepStrictEqual(before, after),
      detail: `${JSON.stringify(before)} before, ${JSON.stringify(after)} after`,
    },
    constancy(samples),
    memory(samples),
  ]
}

/** Under load only the connections of clients come and go. */
function constancy(samples: readonly Sample[]): Finding {
  const kinds = ['database', 'pipe', 'file', 'other'] as const
  const moved = kinds.filter((kind) => new Set(samples.map(({ open }) => open[kind])).size > 1)
  const range = (kind: keyof OpenOf) => `${kind} ${Math.min(...samples.map(({ open }) => open[kind]))} to ${Math.max(...samples.map(({ open }) => open[kind]))}`
  return {
    what: 'under load only sockets come and go',
    holds: moved.length === 0,
    detail: (moved.length > 0 ? moved : [...kinds, 'socket' as const]).map(range).join(', '),
  }
}

function memory(samples: readonly Sample[]): Finding {
  const what = 'memory does not grow'
  const last = samples.at(-1)?.atMs ?? 0
  const judged = samples.filter(({ atMs }) => atMs >= Math.max(WARM_UP_MS, last * WARM_UP))
  const spanMs = last - (judged[0]?.atMs ?? last)
  if (judged.length < BLOCKS * 2)
    return { what, holds: undefined, detail: `${judged.length} samples after ${WARM_UP_MS / 60_000} minutes of warm-up are too few to judge` }
  const { perUnit, low, high } = slopeOf(
    blocksOf(judged).map((block) => [median(block.map(({ atMs }) => atMs)) / 3_600_000, median(block.map(({ rssMb }) => rssMb))]),
  )
  const detail = `${perUnit.toFixed(1)} MB an hour, with 95 % confidence ${low.toFixed(1)} to ${high.toFixed(1)}`
  if (spanMs < SHORTEST_JUDGED_MS)
    return { what, holds: undefined, detail: `${detail}, but ${Math.round(spanMs / 1_000)} s after the warm-up are too short to judge` }
  if (low > 0) return { what, holds: false, detail }
  return high - low > WIDEST_MB_AN_HOUR ? { what, holds: undefined, detail: `${detail}: too wide to tell, run longer` } : { what, holds: true, detail }
}

function blocksOf(samples: readonly Sample[]): readonly (readonly Sample[])[] {
  const size = samples.length / BLOCKS
  return Array.from({ length: BLOCKS }, (_, index) => samples.slice(Math.round(index * size), Math.round((index + 1) * size)))
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}
