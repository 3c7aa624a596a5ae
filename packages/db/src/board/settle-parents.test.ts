import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard, type TestBoard } from '../testing/open-test-board.ts'
import { rowsOf } from '../testing/rows-of.ts'
import type { LinkCondition, ParentsMode, Verdict } from './records.ts'

checkForLeaks()

const by = { actor: 'user:ada' }

/** Parents, and a child that waits for them. */
async function family(t: TestBoard, conditions: readonly LinkCondition[], parentsMode: ParentsMode = 'all') {
  const parents: string[] = []
  for (const condition of conditions) parents.push((await t.tasks.create({ title: condition }, 'cli')).task.id)
  const links = conditions.map((condition, index) => ({ id: parents[index]!, condition }))
  const { task } = await t.tasks.create({ title: 'child', assignee: 'coder', parentsMode, parents: links }, 'cli')
  return { parents, child: task.number }
}

async function claim(t: TestBoard, number: number) {
  const now = t.clock.now()
  const claimed = await t.claims.claim(number, { dispatcher: 'd', host: 'h', now, leaseMs: 60_000, caps: {}, executorOf: () => 'agent', tokenHash: 'token' })
  if ('refused' in claimed) throw new Error(claimed.refused)
  return claimed.claim
}

const stateOf = async (t: TestBoard, number: number) => (await t.tasks.get(number))!.state

test.each<[LinkCondition, Verdict | 'archived', string]>([
  ['success', 'success', 'ready'],
  ['success', 'failure', 'blocked'],
  ['success', 'archived', 'ready'],
  ['failure', 'success', 'blocked'],
  ['failure', 'failure', 'ready'],
  ['failure', 'archived', 'blocked'],
  ['always', 'success', 'ready'],
  ['always', 'failure', 'ready'],
  ['always', 'archived', 'ready'],
])('a child on %s of a parent that ends as %s is %s', async (condition, ending, state) => {
  await using t = await openTestBoard()
  const { parents, child } = await family(t, [condition])
  expect(await stateOf(t, child)).toBe('todo')
  if (ending === 'archived') await t.tasks.archive(parents[0]!, by)
  else await t.tasks.complete(parents[0]!, { verdict: ending }, by)
  const after = (await t.tasks.get(child))!
  expect(after).toMatchObject({ state, parents: { open: 0 }, waiting: { code: state === 'ready' ? 'queued' : 'deadlock' } })
  expect(after.block?.kind).toBe(state === 'blocked' ? 'dependency' : undefined)
  expect((await t.events.latestOf(child, 1))[0]).toMatchObject({
    kind: state === 'ready' ? 'task.promoted' : 'task.blocked',
    actor: 'user:ada',
    payload: { parent: 1, to: state },
  })
})

test('a child of all waits for the last of its parents, one of any for the first', async () => {
  await using t = await openTestBoard()
  const all = await family(t, ['success', 'success'])
  const any = await family(t, ['success', 'success'], 'any')
  await t.tasks.complete(all.parents[0]!, {}, by)
  await t.tasks.complete(any.parents[0]!, { verdict: 'failure' }, by)
  expect([await stateOf(t, all.child), await stateOf(t, any.child)]).toEqual(['todo', 'todo'])
  await t.tasks.complete(all.parents[1]!, {}, by)
  await t.tasks.complete(any.parents[1]!, {}, by)
  expect([await stateOf(t, all.child), await stateOf(t, any.child)]).toEqual(['ready', 'ready'])
})

test('a child of any is blocked only when none of its parents can be met any more', async () => {
  await using t = await openTestBoard()
  const { parents, child } = await family(t, ['success', 'success'], 'any')
  await t.tasks.complete(parents[0]!, { verdict: 'failure' }, by)
  expect(await stateOf(t, child)).toBe('todo')
  await t.tasks.complete(parents[1]!, { verdict: 'failure' }, by)
  expect(await stateOf(t, child)).toBe('blocked')
  await t.tasks.reopen(parents[1]!, by)
  expect(await stateOf(t, child)).toBe('todo')
  await t.tasks.complete(parents[1]!, {}, by)
  expect(await stateOf(t, child)).toBe('ready')
})

test('what was given up and put away has failed for those that wait for it', async () => {
  await using t = await openTestBoard()
  const { parents, child } = await family(t, ['failure'])
  await t.tasks.block(parents[0]!, { kind: 'gave_up', reason: 'it never worked' }, by)
  expect(await stateOf(t, child)).toBe('todo')
  await t.tasks.archive(parents[0]!, by)
  expect(await stateOf(t, child)).toBe('ready')
})

test('a child whose time has not come is scheduled when its parents are done', async () => {
  await using t = await openTestBoard()
  const { task: parent } = await t.tasks.create({ title: 'parent' }, 'cli')
  const { task } = await t.tasks.create({ title: 'later', notBefore: t.clock.now() + 60_000, parents: [{ id: parent.id }] }, 'cli')
  await t.tasks.complete(parent.id, {}, by)
  expect(await t.tasks.get(task.id)).toMatchObject({ state: 'scheduled', waiting: { code: 'not_before' } })
  expect(await t.tasks.wakeDue('dispatcher')).toBe(0)
  await t.clock.advance(60_000)
  expect(await t.tasks.wakeDue('dispatcher')).toBe(1)
  expect(await stateOf(t, task.number)).toBe('ready')
})

test('opening a parent again takes back what began because of it, down to the last descendant, and fences who runs it', async () => {
  await using t = await openTestBoard()
  const { parents, child } = await family(t, ['success'])
  const { task: grandchild } = await t.tasks.create({ title: 'grandchild', assignee: 'coder', parents: [{ id: String(child) }] }, 'cli')
  await t.tasks.complete(parents[0]!, {}, by)
  await t.tasks.complete(child, {}, by)
  const claimed = await claim(t, grandchild.number)
  await t.clock.advance(5_000)
  await t.tasks.reopen(parents[0]!, by, 'not good enough')
  expect(await t.tasks.get(child)).toMatchObject({ state: 'todo', verdict: null, endedAt: null })
  expect(await t.tasks.get(grandchild.number)).toMatchObject({ state: 'todo', runId: null, runMs: 5_000 })
  expect(await t.claims.get(claimed.runId)).toMatchObject({ outcome: 'fenced', endedAt: t.clock.now() })
  await expect(t.claims.complete(claimed, { summary: 'too late' })).rejects.toMatchObject({ code: 'CLAIM_LOST' })
  expect((await t.events.latestOf(grandchild.number, 1))[0]).toMatchObject({
    kind: 'task.fenced',
    runId: claimed.runId,
    payload: { ancestor: 1, parent: child },
  })
  await t.tasks.complete(parents[0]!, {}, by)
  expect([await stateOf(t, child), await stateOf(t, grandchild.number)]).toEqual(['ready', 'todo'])
})

test('completing a parent of many children writes an event for each, without a gap', async () => {
  await using t = await openTestBoard()
  const count = process.env['TALARIA_TEST_FULL'] ? 10_000 : 300
  const { task: parent } = await t.tasks.create({ title: 'parent' }, 'cli')
  await Promise.all(Array.from({ length: count }, () => t.tasks.create({ title: 'child', parents: [{ id: parent.id }] }, 'cli')))
  const before = await t.events.latest()
  await t.tasks.complete(parent.number, {}, by)
  expect(rowsOf(t.file, `select count(*) as promoted, min(seq) as first, max(seq) as last from event where kind = 'task.promoted'`)).toEqual([
    { promoted: count, first: before + 2, last: before + 1 + count },
  ])
})

/** What the links of a board must say, worked out anew from the rows of the parents. */
const WRONG = `
  with ending as (
    select number, case
      when state = 'done' or (state = 'archived' and archived_from = 'done') then verdict
      when state = 'archived' or deleted_at is not null then 'dropped'
      else 'open' end as how
    from task
  ), should as (
    select parent_number, child_number, link.state, case how
      when 'open' then 'open'
      when 'failure' then case condition when 'success' then 'dead' else 'met' end
      else case condition when 'failure' then 'dead' else 'met' end end as state_should
    from link join ending on number = parent_number
  ), child as (
    select task.*, (select count(*) from link where child_number = number and link.state = 'open') as open,
      (select count(*) from link where child_number = number and link.state = 'met') as met,
      (select count(*) from link where child_number = number and link.state = 'dead') as dead from task
  ), judged as (select *, case parents_mode when 'any' then met > 0 or open + dead = 0 else open + dead = 0 end as allowed from child)
  select 'link' as what, child_number as number from should where state <> state_should
  union all select 'counter', number from judged where (open, met, dead) <> (open_parents, met_parents, dead_parents)
  union all select 'begun', number from judged where state in ('ready', 'review') and not allowed and deleted_at is null
  union all select 'stuck', number from judged where state = 'todo' and (allowed or open = 0) and deleted_at is null
  union all select 'rank', number from judged where state = 'ready' and (ready_at is null or rank <> priority * 3600000 - ready_at)`

test('counters, links and states agree after any sequence of changes', async () => {
  await using t = await openTestBoard()
  // A sequence of its own for every run, told when it fails (Lehmer's generator).
  const seed = Date.now() % 2_147_483_647
  let state = seed
  const below = (n: number) => (state = (state * 48_271) % 2_147_483_647) % n
  const steps: ((a: number, b: number) => Promise<unknown>)[] = [
    (a) => t.tasks.complete(a, { verdict: below(3) === 0 ? 'failure' : 'success' }, by),
    (a) => t.tasks.reopen(a, by),
    (a) => t.tasks.archive(a, by),
    (a) => t.tasks.unarchive(a, by),
    (a) => t.tasks.remove(a, by),
    (a) => t.tasks.restore(a, 'user:ada'),
    (a) => t.tasks.block(a, { kind: 'needs_input', reason: 'why?' }, by),
    (a) => t.tasks.unblock(a, by),
    (a, b) => t.tasks.link(a, b, (['success', 'failure', 'always'] as const)[below(3)]!, 'user:ada'),
    (a, b) => t.tasks.unlink(a, b, 'user:ada'),
    (a) => t.tasks.specify(a, by),
    (a) => t.tasks.requestReview(a, { reviewer: 'eve' }, by),
    (a) => t.tasks.purge(t.clock.now() - a, 2),
    (a) => claim(t, a).then((claimed) => t.claims.complete(claimed, { summary: 'done' })),
    (a) =>
      t.tasks.create(
        { title: 'another', assignee: 'coder', parentsMode: below(2) ? 'any' : 'all', isTriage: below(5) === 0, parents: [{ id: String(a) }] },
        'cli',
      ),
  ]
  for (let i = 0; i < 8; i++) await t.tasks.create({ title: `task ${i}`, assignee: 'coder' }, 'cli')
  const done = new Set<number>()
  for (let i = 0; i < (process.env['TALARIA_TEST_FULL'] ? 5_000 : 300); i++) {
    const step = below(steps.length)
    const outcome = await steps[step]!(1 + below(12), 1 + below(12)).then(
      () => 'done',
      (error: { code?: string }) => error.code,
    )
    expect(['done', 'ILLEGAL_TRANSITION', 'TASK_NOT_FOUND', 'PARENTS_OPEN', 'CYCLE', 'SELF_LINK', 'DUPLICATE_LINK', undefined], `seed ${seed}`).toContain(
      outcome,
    )
    if (outcome === 'done') done.add(step)
    await t.clock.advance(below(1_000))
    expect(rowsOf(t.file, WRONG), `seed ${seed}, step ${i} (${step})`).toEqual([])
  }
  expect(done.size, `kinds of steps that did something, seed ${seed}`).toBeGreaterThan(8)
})
