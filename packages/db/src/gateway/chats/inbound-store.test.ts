import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { chatAt, inboundNamed } from '../../testing/chat-records.ts'
import { checkForLeaks } from '../../testing/check-for-leaks.ts'
import { acceptance, settlement, turnNamed } from '../../testing/gateway-records.ts'
import { openTestDatabases } from '../../testing/open-test-databases.ts'
import { countOf } from '../../testing/rows-of.ts'

checkForLeaks()

test('a message that was accepted waits, with all that came with it', async () => {
  await using test = openTestDatabases({ clock: new FakeClock(1_000) })
  const { inbound } = test.databases.gateway
  const message = inboundNamed('in_1', { body: { text: 'hello', attachments: [{ kind: 'image' }] }, mode: 'steer', sender: { id: 'ada' } })
  expect(await inbound.accept(message)).toEqual({ status: 'accepted', id: 'in_1', position: 1 })
  expect(await inbound.waiting('key')).toEqual([
    {
      ...message,
      position: 1,
      sender: { id: 'ada', name: null },
      state: 'waiting',
      reason: null,
      runner: null,
      turnId: null,
      receivedAt: 1_000,
      finishedAt: null,
    },
  ])
  expect(await inbound.sessionsWaiting()).toEqual(['key'])
  expect(await inbound.count('key')).toBe(1)
})

test('of a message that is delivered many times at once one is accepted, and the others learn where it is', async () => {
  await using test = openTestDatabases()
  const { inbound } = test.databases.gateway
  const deliveries = Array.from({ length: 40 }, (_, i) => inbound.accept(inboundNamed(`in_${i}`, { messageId: 'the same' })))
  const accepted = await Promise.all(deliveries)
  expect(accepted.filter(({ status }) => status === 'accepted')).toHaveLength(1)
  expect(new Set(accepted.map(({ id }) => id)).size).toBe(1)
  expect(countOf(test.file, 'inbound')).toBe(1)
})

test('a duplicate is known long after it was answered, in whichever thread it comes again, but not in another chat, account or platform', async () => {
  await using test = openTestDatabases()
  const { inbound } = test.databases.gateway
  await inbound.accept(inboundNamed('in_1', { messageId: '7' }))
  await inbound.take('key', 'runner_1', 1)
  await inbound.finish(['in_1'], { state: 'done' })
  const again = (id: string, changes: Parameters<typeof chatAt>[1]) => inbound.accept(inboundNamed(id, { messageId: '7', address: chatAt('chat', changes) }))
  expect(await again('in_2', {})).toEqual({ status: 'duplicate', id: 'in_1', position: 1 })
  expect(await again('in_3', { threadId: 'topic' })).toMatchObject({ status: 'duplicate', id: 'in_1' })
  expect(await again('in_4', { chatId: 'other' })).toMatchObject({ status: 'accepted' })
  expect(await again('in_5', { account: 'other' })).toMatchObject({ status: 'accepted' })
  expect(await again('in_6', { platform: 'discord' })).toMatchObject({ status: 'accepted' })
})

test('a message that needs no turn is kept to know its duplicates, and never waits', async () => {
  await using test = openTestDatabases({ clock: new FakeClock(1_000) })
  const { inbound } = test.databases.gateway
  await inbound.accept(inboundNamed('in_1', { state: 'done', reason: 'a command' }))
  expect(await inbound.count('key')).toBe(0)
  expect(await inbound.take('key', 'runner_1', 5)).toEqual([])
  expect(await inbound.get('in_1')).toMatchObject({ state: 'done', reason: 'a command', finishedAt: 1_000 })
  expect(await inbound.accept(inboundNamed('in_2', { messageId: 'in_1' }))).toMatchObject({ status: 'duplicate' })
})

test('what waits is taken oldest first, as much as one asks for, and of no other session', async () => {
  await using test = openTestDatabases()
  const { inbound } = test.databases.gateway
  await inbound.accept(inboundNamed('in_other', { sessionKey: 'other' }))
  for (const id of ['in_c', 'in_b', 'in_a']) await inbound.accept(inboundNamed(id))
  const taken = await inbound.take('key', 'runner_1', 2)
  expect(taken.map(({ id, state, runner }) => [id, state, runner])).toEqual([
    ['in_c', 'taken', 'runner_1'],
    ['in_b', 'taken', 'runner_1'],
  ])
  expect(await inbound.waiting('key')).toMatchObject([{ id: 'in_a' }])
  expect(await inbound.count('other')).toBe(1)
})

test('nothing of a session is taken while something of it is, by whomever, and of many that try at once one succeeds', async () => {
  await using test = openTestDatabases()
  const { inbound } = test.databases.gateway
  for (let i = 0; i < 10; i++) await inbound.accept(inboundNamed(`in_${i}`))
  const taken = await Promise.all(Array.from({ length: 20 }, (_, i) => inbound.take('key', `runner_${i % 2}`, 1)))
  expect(taken.flat().map(({ id }) => id)).toEqual(['in_0'])
  await inbound.finish(['in_0'], { state: 'done', turnId: 'run_1' })
  expect(await inbound.get('in_0')).toMatchObject({ state: 'done', turnId: 'run_1' })
  expect(await inbound.take('key', 'runner_1', 1)).toMatchObject([{ id: 'in_1' }])
})

/** Whoever follows the changes to learn that there is something to take would wake itself for ever. */
test('taking nothing writes nothing', async () => {
  await using test = openTestDatabases()
  const { inbound } = test.databases.gateway
  for (const id of ['in_1', 'in_2']) await inbound.accept(inboundNamed(id))
  await inbound.take('key', 'runner_1', 1)
  const { commits } = test.databases.stats()
  await inbound.take('key', 'runner_1', 1)
  await inbound.take('none', 'runner_1', 1)
  await inbound.finish([], { state: 'done' })
  expect(test.databases.stats().commits).toBe(commits)
})

test('what a dead process had taken waits again, in its old place, with the turn that was cut short, and is adopted once', async () => {
  await using test = openTestDatabases()
  const { inbound, turns } = test.databases.gateway
  for (const id of ['in_1', 'in_2', 'in_3']) await inbound.accept(inboundNamed(id))
  await inbound.accept(inboundNamed('in_4', { sessionKey: 'other' }))
  await inbound.take('key', 'dead', 2)
  await inbound.take('other', 'alive', 2)
  await turns.accept(acceptance('run_1', { turn: turnNamed('run_1', { runner: 'dead' }), inbound: ['in_1', 'in_2'] }))
  const [first, second] = await Promise.all([inbound.adopt('dead', 'runner_1'), inbound.adopt('dead', 'runner_2')])
  expect(first.map(({ id, state, turnId }) => [id, state, turnId])).toEqual([
    ['in_1', 'waiting', 'run_1'],
    ['in_2', 'waiting', 'run_1'],
  ])
  expect(second).toEqual([])
  expect(await inbound.sessionsWaiting()).toEqual(['key'])
  expect(await inbound.take('key', 'runner_1', 9)).toMatchObject([{ id: 'in_1' }, { id: 'in_2' }, { id: 'in_3' }])
})

test('what is finished stays as it is', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { inbound } = test.databases.gateway
  await inbound.accept(inboundNamed('in_1'))
  await inbound.finish(['in_1'], { state: 'discarded', reason: 'the queue is full' })
  await clock.advance(500)
  await inbound.finish(['in_1', 'in_none'], { state: 'done', turnId: 'run_1', reason: 'late' })
  expect(await inbound.get('in_1')).toMatchObject({ state: 'discarded', reason: 'the queue is full', turnId: null, finishedAt: 1_000 })
})

test('one that waits can be taken out of the queue; one that is taken cannot', async () => {
  await using test = openTestDatabases()
  const { inbound } = test.databases.gateway
  await inbound.accept(inboundNamed('in_1'))
  await inbound.accept(inboundNamed('in_2'))
  await inbound.take('key', 'runner_1', 1)
  expect(await inbound.discard('in_1')).toBe(false)
  expect(await inbound.discard('in_2')).toBe(true)
  expect(await inbound.discard('in_2')).toBe(false)
  expect(await inbound.count('key')).toBe(0)
})

test('one that waits can be rewritten in its place; one that is taken cannot', async () => {
  await using test = openTestDatabases()
  const { inbound } = test.databases.gateway
  await inbound.accept(inboundNamed('in_1'))
  await inbound.accept(inboundNamed('in_2'))
  expect(await inbound.rewrite('in_1', { text: 'better' })).toBe(true)
  expect(await inbound.take('key', 'runner_1', 1)).toMatchObject([{ id: 'in_1', body: { text: 'better' } }])
  expect(await inbound.rewrite('in_1', { text: 'too late' })).toBe(false)
  expect(await inbound.get('in_1')).toMatchObject({ body: { text: 'better' } })
})

test('a turn answers its messages: they are its own from its acceptance, and done with its settlement, or nothing of both', async () => {
  await using test = openTestDatabases()
  const { inbound, turns } = test.databases.gateway
  for (const id of ['in_1', 'in_2', 'in_3']) await inbound.accept(inboundNamed(id))
  await inbound.take('key', 'runner_1', 2)
  await turns.accept(acceptance('run_1', { inbound: ['in_1', 'in_2'] }))
  expect(await inbound.get('in_2')).toMatchObject({ state: 'taken', turnId: 'run_1' })
  await turns.accept(acceptance('run_2', { session: { id: 'none' }, inbound: ['in_3'] }))
  expect(await inbound.get('in_3'), 'its session is not there').toMatchObject({ turnId: null })

  expect(await turns.settle('run_1', 'stale', settlement('stale', { inbound: ['in_1', 'in_2'] }))).toBe(false)
  expect(await inbound.get('in_1')).toMatchObject({ state: 'taken' })
  // The third was steered into the turn while it ran.
  expect(await turns.settle('run_1', 'runner_1', settlement('noon', { inbound: ['in_1', 'in_2', 'in_3'] }))).toBe(true)
  for (const id of ['in_1', 'in_2', 'in_3']) expect(await inbound.get(id)).toMatchObject({ state: 'done', turnId: 'run_1' })
})

/** A process that stood still while another answered in its place. */
test('a turn is not begun for messages that its runner has not taken, or not any more, and nothing of it is there', async () => {
  await using test = openTestDatabases()
  const { inbound, turns } = test.databases.gateway
  for (const id of ['in_1', 'in_2']) await inbound.accept(inboundNamed(id))
  await inbound.take('key', 'runner_1', 1)
  await expect(turns.accept(acceptance('run_1', { inbound: ['in_1', 'in_2'] }))).rejects.toMatchObject({ code: 'CLAIM_LOST' })
  await inbound.adopt('runner_1', 'runner_2')
  await expect(turns.accept(acceptance('run_2', { inbound: ['in_1'] }))).rejects.toMatchObject({ code: 'CLAIM_LOST' })
  const theirs = { turn: turnNamed('run_4', { runner: 'runner_2' }), inbound: ['in_1'] }
  await expect(turns.accept(acceptance('run_4', theirs)), 'it was given back, not taken').rejects.toMatchObject({ code: 'CLAIM_LOST' })
  await inbound.take('key', 'runner_2', 1)
  await expect(turns.accept(acceptance('run_3', { inbound: ['in_1'] }))).rejects.toMatchObject({ code: 'CLAIM_LOST' })
  expect(countOf(test.file, 'turn')).toBe(0)
  expect(await turns.accept(acceptance('run_4', theirs))).toBeDefined()
})
