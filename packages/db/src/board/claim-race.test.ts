import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard } from '../testing/open-test-board.ts'
import { rowsOf } from '../testing/rows-of.ts'
import { startChild } from '../testing/start-child.ts'

checkForLeaks()

const TASKS = process.env.TALARIA_TEST_FULL ? 4_000 : 60

test('of four processes that claim and complete as fast as they can, each task is worked on exactly once', { timeout: 60_000 }, async () => {
  await using t = await openTestBoard()
  await Promise.all(Array.from({ length: TASKS }, (_, i) => t.tasks.create({ title: `T${i}`, assignee: `a${i % 3}` }, 'cli')))
  const startFile = `${t.file}.start`
  const racers = Array.from({ length: 4 }, () => startChild('claim-racer', [t.gatewayFile, startFile, '4', '6']))
  await Promise.all(racers.map((racer) => racer.printed('ready')))
  writeFileSync(startFile, '')
  expect(await Promise.all(racers.map(({ ended }) => ended))).toEqual([0, 0, 0, 0])

  const numbers = racers.flatMap(({ lines }) => lines.filter((line) => line.startsWith('completed')).map((line) => Number(line.split(' ')[1])))
  expect(numbers.toSorted((one, other) => one - other)).toEqual(Array.from({ length: TASKS }, (_, i) => i + 1))
  expect(racers.filter(({ lines }) => lines.length > 1).length).toBeGreaterThan(1)
  expect(rowsOf(t.file, `select state, fence, attempts, count(*) as count from task group by state, fence, attempts`)).toEqual([
    { state: 'done', fence: 1, attempts: 1, count: TASKS },
  ])
  expect(rowsOf(t.file, `select outcome, count(*) as count from run group by outcome`)).toEqual([{ outcome: 'completed', count: TASKS }])

  // Every claim and every completion is on the log, in its order: so many run at once, and never more than the cap.
  const events = rowsOf<{ seq: number; kind: string }>(t.file, `select seq, kind from event where kind in ('task.claimed', 'task.completed') order by seq`)
  let running = 0
  const most = Math.max(...events.map(({ kind }) => (running += kind === 'task.claimed' ? 1 : -1)))
  expect([events.length, running, most <= 6, most > 1]).toEqual([2 * TASKS, 0, true, true])
})
