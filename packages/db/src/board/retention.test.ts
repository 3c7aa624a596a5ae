import { existsSync, utimesSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard, type TestBoard } from '../testing/open-test-board.ts'
import { rowsOf } from '../testing/rows-of.ts'
import { startChild } from '../testing/start-child.ts'

checkForLeaks()

const ME = { actor: 'cli' }
const DAY = 86_400_000
const KEEP = { eventsMs: undefined, transcriptsMs: undefined, deletedTasksMs: undefined }
const MONTH = { eventsMs: 30 * DAY, transcriptsMs: 30 * DAY, deletedTasksMs: 30 * DAY }
const SPEND = { inputTokens: 10, outputTokens: 5, costMicros: 7 }

const make = async (t: TestBoard, title = 'T') => (await t.tasks.create({ title, assignee: 'coder' }, 'cli')).task.number

async function claim(t: TestBoard, number: number) {
  const options = { dispatcher: 'd', host: 'h', now: t.clock.now(), leaseMs: 60_000, caps: {}, executorOf: () => 'twin', tokenHash: 'x' }
  const claimed = await t.claims.claim(number, options)
  if ('refused' in claimed) throw new Error(claimed.refused)
  return claimed.claim
}

const entries = (count: number) => Array.from({ length: count }, (_, seq) => ({ seq, kind: 'text', body: `line ${seq}` }))

test('events of tasks that have ended go after their time; those of open tasks stay, the newest one stays, and so does what came of which', async () => {
  await using t = await openTestBoard()
  const [done, open] = [await make(t), await make(t)]
  await t.tasks.complete(done, {}, ME)
  const { task } = await t.tasks.create({ title: 'big', isTriage: true }, 'cli')
  await t.tasks.decompose(task.number, [], ME)
  await t.tasks.archive(task.number, ME)
  await t.clock.advance(29 * DAY)
  expect(await t.retention.sweep(MONTH)).toMatchObject({ events: 0 })
  await t.clock.advance(2 * DAY)
  expect(await t.retention.sweep(KEEP)).toMatchObject({ events: 0 })
  await t.retention.sweep(MONTH)
  expect(rowsOf(t.file, 'select task_number as task, kind from event order by seq')).toEqual([
    { task: null, kind: 'board.created' },
    { task: open, kind: 'task.created' },
    { task: task.number, kind: 'task.decomposed' },
    { task: task.number, kind: 'task.archived' },
  ])
  const newest = await t.events.latest()
  await t.tasks.change(open, { title: 'next' }, ME)
  expect(await t.events.latest()).toBe(newest + 1)
})

test('what the search index has not read is found after its event is gone', async () => {
  await using t = await openTestBoard()
  await make(t, 'needle')
  await t.tasks.complete(1, {}, ME)
  await t.clock.advance(31 * DAY)
  await t.retention.sweep(MONTH)
  expect((await t.events.since({ after: 0, limit: 9 })).map(({ kind }) => kind)).toEqual(['board.created', 'task.completed'])
  expect((await t.search.search('needle', { limit: 5 })).map(({ task }) => task.number)).toEqual([1])
})

test('what a worker said goes when its run has ended long ago, in steps, and what one says that still runs stays', async () => {
  await using t = await openTestBoard()
  const [first, second] = [await claim(t, await make(t)), await claim(t, await make(t))]
  await t.transcripts.append(first, entries(1_200))
  await t.transcripts.append(second, entries(3))
  for (const { runId } of [first, second]) await t.claims.steer(runId, 'hurry', 'cli')
  await t.claims.complete(first, { summary: 's' })
  await t.clock.advance(31 * DAY)
  const other = await make(t)
  const sweeping = t.retention.sweep(MONTH)
  await t.tasks.change(other, { title: 'meanwhile' }, ME)
  expect(await sweeping).toMatchObject({ transcripts: 1_201 })
  expect(rowsOf(t.file, 'select run_id as run, count(*) as count from transcript group by run_id')).toEqual([{ run: second.runId, count: 3 }])
  expect(rowsOf(t.file, 'select run_id as run from steering')).toEqual([{ run: second.runId }])
  expect(await t.retention.finishedRuns([first.runId, second.runId, 'run_x'], t.clock.now())).toEqual([first.runId, 'run_x'])
  expect(await t.retention.finishedRuns([first.runId, second.runId], t.clock.now() - 31 * DAY)).toEqual([])
})

test('a deleted task can be restored for as long as it is kept, and then goes with all that belongs to it', async () => {
  await using t = await openTestBoard()
  for (let i = 0; i < 45; i++) await make(t)
  const current = await claim(t, 1)
  await t.transcripts.append(current, entries(600))
  await t.attachments.add(1, { name: 'a.txt', bytes: Buffer.from('hello') }, 'cli')
  await t.comments.add(1, { body: 'hi', author: 'cli' })
  for (let number = 1; number <= 45; number++) await t.tasks.remove(number, ME)
  await t.clock.advance(29 * DAY)
  expect(await t.retention.sweep(MONTH)).toMatchObject({ tasks: 0, files: 0 })
  await t.tasks.restore(45, 'cli')
  await t.clock.advance(2 * DAY)
  expect(await t.retention.sweep(MONTH)).toMatchObject({ tasks: 44, files: 1, transcripts: 600 })
  for (const table of ['transcript', 'comment', 'run']) expect(rowsOf(t.file, `select count(*) as rows from ${table}`)).toEqual([{ rows: 0 }])
  expect(rowsOf(t.file, 'select number from task')).toEqual([{ number: 45 }])
})

test('a damaged search index keeps no deleted task', async () => {
  await using t = await openTestBoard()
  await make(t)
  await t.search.catchUp()
  await t.tasks.remove(1, ME)
  await t.clock.advance(31 * DAY)
  await startChild('run-sql', [t.file, `update task_fts_data set block = x'${'ff'.repeat(20)}' where id = 10`]).ended
  expect(await t.retention.sweep(MONTH)).toMatchObject({ tasks: 1 })
})

test('days of long ago become one sum for their year, and what a board has cost in all stays the same', async () => {
  await using t = await openTestBoard()
  for (let day = 0; day < 3; day++) {
    await t.claims.complete(await claim(t, await make(t)), { summary: 's', spend: SPEND })
    await t.clock.advance(DAY)
  }
  await t.clock.advance(366 * DAY)
  await t.claims.complete(await claim(t, await make(t)), { summary: 's', spend: SPEND })
  const { spend } = await t.board.spend()
  for (let i = 0; i < 2; i++) await t.retention.sweep(MONTH)
  expect(rowsOf(t.file, 'select day, cost_micros as cost from spend order by day')).toEqual([
    { day: '1970', cost: 21 },
    { day: '1971-01-05', cost: 7 },
  ])
  expect((await t.board.spend()).spend).toEqual(spend)
})

test('bytes whose row was never written go after an hour, whatever they are called; bytes that have one stay', async () => {
  await using t = await openTestBoard()
  await make(t)
  const { id } = await t.attachments.add(1, { name: 'a', bytes: Buffer.from('kept') }, 'cli')
  const folder = t.file.replace(/\.db$/, '.files')
  for (const name of ['att_lost', 'odd name', id]) {
    if (name !== id) writeFileSync(`${folder}/${name}`, 'x')
    utimesSync(`${folder}/${name}`, 1_000, 1_000)
  }
  expect(await t.retention.sweep(MONTH)).toMatchObject({ files: 0 })
  await t.clock.advance(61 * 60_000)
  expect(await t.retention.sweep(MONTH)).toMatchObject({ files: 2 })
  expect([existsSync(`${folder}/att_lost`), existsSync(`${folder}/${id}`)]).toEqual([false, true])
})

test('a sweep that is told to stop removes nothing more, and one with nothing to do writes nothing', async () => {
  await using t = await openTestBoard()
  await make(t)
  await t.tasks.remove(1, ME)
  await t.clock.advance(31 * DAY)
  expect(await t.retention.sweep(MONTH, AbortSignal.abort())).toEqual({ events: 0, transcripts: 0, tasks: 0, files: 0 })
  await t.retention.sweep(MONTH)
  const stop = new AbortController()
  const changes = t.board.changes(stop.signal)
  await changes.next()
  let isTold = false
  const next = changes.next().then(() => (isTold = true))
  await t.retention.sweep(MONTH)
  expect(isTold).toBe(false)
  stop.abort()
  await next
})
