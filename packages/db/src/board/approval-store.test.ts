import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard } from '../testing/open-test-board.ts'
import type { NewApproval } from './approval-rows.ts'

checkForLeaks()

const by = { actor: 'anna' }

/** A task of coder's in its review. */
async function boardWithReview() {
  const t = await openTestBoard()
  await t.tasks.create({ title: 'a', assignee: 'coder' }, 'anna')
  await t.tasks.requestReview(1, { reviewer: 'critic' }, by)
  const { revision } = (await t.tasks.get(1))!
  const ask = (more: Partial<NewApproval> = {}) =>
    t.approvals.ask({ taskNumber: 1, taskRevision: revision, gate: { kind: 'person' }, askedBy: 'coder', ...more })
  const answer = (id: string, approved: boolean, reason?: string) => t.approvals.answer(id, { approved, actor: 'anna', ...(reason && { reason }) })
  const kinds = async () => (await t.events.latestOf(1, 2)).map(({ kind }) => kind).toReversed()
  return Object.assign(t, { revision, ask, answer, kinds })
}

test('the same question is asked once while it waits; of another gate or another revision it is another question', async () => {
  await using t = await boardWithReview()
  const asked = await t.ask()
  expect(asked).toMatchObject({ state: 'waiting', taskRevision: t.revision, askedBy: 'coder', askedAt: t.clock.now(), answeredBy: null })
  expect(await t.ask({ askedBy: 'somebody else' })).toEqual(asked)
  const others = [await t.ask({ gate: { kind: 'command', command: 'make test' } }), await t.ask({ taskRevision: t.revision + 1 })]
  expect((await t.approvals.list({ taskNumber: 1 })).map(({ id }) => id)).toEqual([others[1]!.id, others[0]!.id, asked.id])
  expect(await t.events.since({ after: 0, limit: 10, kinds: ['approval.asked'] })).toHaveLength(3)
})

test('a yes is given once, and completes the task with it', async () => {
  await using t = await boardWithReview()
  const { id } = await t.ask()
  expect(await t.answer(id, true, 'fine')).toMatchObject({ state: 'approved', answeredBy: 'anna', answeredAt: t.clock.now(), reason: 'fine' })
  expect(await t.tasks.get(1)).toMatchObject({ state: 'done', verdict: 'success' })
  expect(await t.kinds()).toEqual(['approval.answered', 'task.completed'])
  await expect(t.answer(id, false)).rejects.toMatchObject({ code: 'APPROVAL_VOID' })
  expect((await t.tasks.get(1))!.state).toBe('done')
  expect(await t.approvals.list({ isWaiting: true })).toEqual([])
})

test('of two answers at once, one counts', async () => {
  await using t = await boardWithReview()
  const { id } = await t.ask()
  const [yes, no] = await Promise.allSettled([t.answer(id, true), t.answer(id, false)])
  expect([yes.status, no.status].toSorted()).toEqual(['fulfilled', 'rejected'])
  expect((await t.tasks.get(1))!.state).toBe(yes.status === 'fulfilled' ? 'done' : 'ready')
})

test('a task that waits for two words is done with the second', async () => {
  await using t = await boardWithReview()
  const [first, second] = [await t.ask(), await t.ask({ gate: { kind: 'command', command: 'make test' } })]
  await t.answer(first.id, true)
  expect((await t.tasks.get(1))!.state).toBe('review')
  expect((await t.ask()).id, 'what was approved is not asked again').toBe(first.id)
  await expect(t.answer(first.id, false)).rejects.toMatchObject({ code: 'APPROVAL_VOID' })
  await t.answer(second.id, true)
  expect((await t.tasks.get(1))!.state).toBe('done')
})

test('a no sends the task back to who did it, with the reason', async () => {
  await using t = await boardWithReview()
  const { id } = await t.ask()
  expect(await t.answer(id, false, 'no tests')).toMatchObject({ state: 'denied', reason: 'no tests' })
  expect(await t.tasks.get(1)).toMatchObject({ state: 'ready', assignee: 'coder' })
  expect((await t.events.latestOf(1, 1))[0]!.payload).toMatchObject({ reason: 'no tests' })
})

test('an answer whose consequence is refused is not given', async () => {
  await using t = await boardWithReview()
  const { id } = await t.ask()
  const before = await t.events.latest()
  await expect(t.answer(id, false, 'x'.repeat(100_001))).rejects.toMatchObject({ code: 'INVALID' })
  expect(await t.approvals.list({})).toMatchObject([{ id, state: 'waiting', answeredBy: null }])
  expect(await t.events.latest()).toBe(before)
})

test('what was asked for another revision of the task, or for one that is gone, cannot be answered', async () => {
  await using t = await boardWithReview()
  const { id } = await t.ask()
  await t.tasks.change(1, { title: 'another' }, by)
  await expect(t.answer(id, true)).rejects.toMatchObject({ code: 'APPROVAL_VOID' })
  const { revision } = (await t.tasks.get(1))!
  const next = await t.ask({ taskRevision: revision })
  expect(await t.approvals.expire()).toBe(1)
  expect((await t.approvals.list({})).map(({ state }) => state)).toEqual(['waiting', 'void'])
  await t.tasks.remove(1, by)
  await expect(t.answer(next.id, true)).rejects.toMatchObject({ code: 'APPROVAL_VOID' })
  await expect(t.answer('apr_none', true)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('what was not answered in time is too late, before and after that is noted, and may be asked again', async () => {
  await using t = await boardWithReview()
  const { id } = await t.ask({ expiresAt: t.clock.now() + 10 })
  expect(await t.approvals.expire()).toBe(0)
  await t.clock.advance(10)
  await expect(t.answer(id, true)).rejects.toMatchObject({ code: 'APPROVAL_VOID' })
  const again = await t.ask()
  expect(again.id).not.toBe(id)
  expect([await t.approvals.expire(), await t.approvals.expire()]).toEqual([1, 0])
  await expect(t.answer(id, true)).rejects.toMatchObject({ code: 'APPROVAL_VOID', message: expect.stringContaining('expired') })
  expect((await t.approvals.list({ isWaiting: true })).map((approval) => approval.id)).toEqual([again.id])
})
