import { silentLog } from '@talaria/core'
import { parseSchedule } from '@talaria/core/schedule'
import { FakeClock } from '@talaria/core/testing'
import type { Routine, RoutineDefinition } from '@talaria/db'
import { describe, expect, test } from 'vitest'
import { openTestBoards, type TestBoards } from '../testing/test-board.ts'
import { planRoutine } from './plan-routine.ts'
import { fireRoutines } from './routines.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const START = Date.parse('2026-06-01T00:00:00Z')

const make = async (boards: TestBoards, clock: FakeClock, schedule: string, definition: Partial<RoutineDefinition> = {}) =>
  boards.storesOf('default').routines.create(
    {
      name: 'r',
      template: { title: 'Report', assignee: 'writer' },
      schedules: [parseSchedule(schedule, { now: clock.now(), timezone: 'Europe/Berlin' })],
      timezone: 'Europe/Berlin',
      catchUp: 'one',
      overlap: 'queue',
      ...definition,
    },
    'cli',
  )

/** A clock that somebody may put back. */
class WallClock extends FakeClock {
  #offset = 0

  override now(): number {
    return super.now() + this.#offset
  }

  jump(ms: number): void {
    this.#offset += ms
  }
}

async function open() {
  const clock = new WallClock(START)
  const boards = await openTestBoards(['default'], { clock })
  const stores = boards.storesOf('default')
  const fire = (id = 'd1') => fireRoutines(stores, { board: 'default', actor: `dispatcher:${id}`, clock, log: silentLog })
  return { clock, boards, stores, fire, made: async () => (await stores.tasks.list({ limit: 500 })).tasks.length }
}

test('a routine makes its task when its time has come, once among several dispatchers, and the dispatcher knows when the next comes', async () => {
  const { clock, boards, stores, fire, made } = await open()
  await using _ = boards
  await make(boards, clock, 'every 1h')
  await fire()
  expect(await made()).toBe(0)
  for (let hour = 1; hour <= 3; hour += 1) {
    await clock.advance(HOUR)
    await Promise.all([fire('d1'), fire('d2'), fire('d3')])
    expect([await made(), await stores.claims.nextAt(clock.now())]).toEqual([hour, START + (hour + 1) * HOUR])
  }
})

test.for([
  ['skip', 0],
  ['one', 1],
  ['all', 5],
] as const)('of five times that passed while no dispatcher ran, a routine that says %s makes %i up for', async ([catchUp, count]) => {
  const { clock, boards, stores, fire, made } = await open()
  await using _ = boards
  await make(boards, clock, 'every 1h', { catchUp })
  await clock.advance(5 * HOUR + 30 * MINUTE)
  await fire()
  expect([await made(), (await stores.routines.get('r')).nextSlot]).toEqual([count, START + 6 * HOUR])
})

test('a time of day that the clocks leave out comes after the gap, and one that comes twice fires once', async () => {
  const { clock, boards, stores, fire } = await open()
  await using _ = boards
  await clock.advance(Date.parse('2026-10-24T12:00:00Z') - START)
  await make(boards, clock, '30 2 * * *')
  const times: string[] = []
  for (let step = 0; step < 60; step += 1) {
    await clock.advance(30 * MINUTE)
    const before = await stores.events.latest()
    await fire()
    if ((await stores.events.latest()) > before) times.push(new Date(clock.now()).toISOString())
  }
  expect(times).toEqual(['2026-10-25T00:30:00.000Z'])
})

test('times that have a task make no other when the clock is put back over them', async () => {
  const { clock, boards, stores, fire, made } = await open()
  await using _ = boards
  await make(boards, clock, '0 * * * *', { overlap: 'queue' })
  await clock.advance(HOUR)
  await fire()
  const before = (await stores.routines.get('r')).nextSlot
  clock.jump(-30 * MINUTE)
  await fire()
  expect((await stores.routines.get('r')).nextSlot).toBe(before! - HOUR)
  await clock.advance(30 * MINUTE)
  await fire()
  expect([await made(), (await stores.routines.get('r')).fired]).toEqual([1, 1])
})

test('a routine that cannot make its task is paused with the reason, and does not hold back the others', async () => {
  const { clock, boards, stores, fire, made } = await open()
  await using _ = boards
  await make(boards, clock, 'every 1h', { name: 'broken', template: { title: 'T', parents: [{ id: '77' }] } })
  await make(boards, clock, 'every 1h')
  await clock.advance(HOUR)
  await fire()
  expect([await made(), (await stores.routines.get('broken')).state]).toEqual([1, 'paused'])
  expect((await stores.events.since({ after: 0, limit: 50, kinds: ['routine.changed'] })).at(-1)?.payload).toMatchObject({
    change: 'paused',
    reason: expect.stringContaining('no task 77'),
  })
})

test('nothing is made on a board that was put away', async () => {
  const { clock, boards, stores, fire, made } = await open()
  await using _ = boards
  await make(boards, clock, 'every 1h')
  await stores.board.archive('cli')
  await clock.advance(HOUR)
  await fire()
  expect(await made()).toBe(0)
})

describe('a plan', () => {
  const routine: Routine = {
    id: 'routine_1',
    name: 'r',
    template: { title: 'T' },
    schedules: [{ kind: 'every', text: 'every 1m', everyMs: MINUTE, anchor: START }],
    timezone: 'UTC',
    catchUp: 'all',
    overlap: 'queue',
    state: 'scheduled',
    createdBy: 'cli',
    createdAt: START,
    updatedAt: START,
    revision: 1,
    plannedAt: START,
    nextSlot: START + MINUTE,
    fired: 0,
    lastTask: null,
  }

  test('makes up for the newest hundred of very many times', () => {
    const { slots, nextSlot } = planRoutine(routine, START + 10_000 * MINUTE)
    expect([slots.length, slots.at(-1), nextSlot]).toEqual([100, START + 10_000 * MINUTE, START + 10_001 * MINUTE])
  })

  test('counts intervals from now when the clock was put back', () => {
    expect(planRoutine(routine, START - HOUR)).toMatchObject({ slots: [], nextSlot: START - HOUR + MINUTE, schedules: [{ anchor: START - HOUR }] })
  })

  test('is over after the last of its times', () => {
    const once: Routine = { ...routine, schedules: [{ kind: 'once', text: 'once', at: START + MINUTE }] }
    expect(planRoutine(once, START + MINUTE)).toEqual({ slots: [START + MINUTE], missed: 0, nextSlot: null })
  })
})
