import { expect, test } from 'vitest'
import type { OpenOf } from '../testing/open-of.ts'
import { Random } from '../testing/random.ts'
import type { Sample } from './samples.ts'
import { judge } from './verdict.ts'

const OPEN: OpenOf = { database: 5, socket: 3, pipe: 9, file: 2, other: 9 }
const MINUTES = 45

/** Samples of a run whose memory fills up in the first minutes, fast and then slowly, wavers, and otherwise does as it is told. */
function samplesOf({
  mbAnHour = 0,
  wavering = 8,
  open = () => OPEN,
  minutes = MINUTES,
  seed = 1,
}: { mbAnHour?: number; wavering?: number; open?: (minute: number) => OpenOf; minutes?: number; seed?: number } = {}): readonly Sample[] {
  const random = new Random(seed)
  return Array.from({ length: 120 }, (_, index) => {
    const minute = (index / 120) * minutes
    const rssMb = 120 + 30 * Math.min(1, minute / 2) + 8 * Math.min(1, minute / 14) + random.next() * wavering + (mbAnHour * minute) / 60
    return { atMs: minute * 60_000, open: open(minute), rssMb, loopDelayP99Ms: 1 }
  })
}

function verdictOn(samples: readonly Sample[], rest: Partial<Parameters<typeof judge>[0]> = {}): readonly (boolean | undefined)[] {
  return judge({ before: OPEN, after: OPEN, load: { failed: 0, failures: [] }, samples, ...rest }).map(({ holds }) => holds)
}

test('a gateway that stays as it is passes', () => {
  expect(verdictOn(samplesOf())).toEqual([true, true, true, true])
})

test('memory that grows for as long as it runs is found, memory that only wavers is not', () => {
  expect(verdictOn(samplesOf({ mbAnHour: 60 }))[3]).toBe(false)
  const seeds = Array.from({ length: 200 }, (_, seed) => seed)
  const falseAlarms = seeds.filter((seed) => verdictOn(samplesOf({ seed }))[3] === false)
  // One side of 95 %.
  expect(falseAlarms.length).toBeLessThan(15)
})

test('memory that wavers so much that nothing can be told is not said to be flat', () => {
  expect(verdictOn(samplesOf({ wavering: 100 }))[3]).toBeUndefined()
})

test('what fills up in the first quarter of an hour is no leak, in a run of any length', () => {
  for (const minutes of [26, 30, 45, 480]) expect([minutes, verdictOn(samplesOf({ minutes, wavering: 0.1 }))[3]]).toEqual([minutes, true])
})

test('a run too short to tell about memory does not', () => {
  for (const minutes of [1, 10, 16, 24]) expect([minutes, verdictOn(samplesOf({ minutes, mbAnHour: 600 }))[3]]).toEqual([minutes, undefined])
})

test('one file that stays open is found, and one that comes and goes while clients are there', () => {
  expect(verdictOn(samplesOf(), { after: { ...OPEN, database: 6 } })[1]).toBe(false)
  expect(verdictOn(samplesOf({ open: (minute) => (minute > 5 ? { ...OPEN, database: 6 } : OPEN) }))[2]).toBe(false)
  expect(verdictOn(samplesOf({ open: (minute) => ({ ...OPEN, socket: 3 + Math.floor(minute) }) }))[2]).toBe(true)
})

test('a request that failed is a failure', () => {
  expect(verdictOn(samplesOf(), { load: { failed: 1, failures: ['chat: Answered 500'] } })[0]).toBe(false)
})
