import { FakeClock } from '@talaria/core/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { chatAt, inboundNamed, outboundNamed } from '../../testing/chat-records.ts'
import { checkForLeaks } from '../../testing/check-for-leaks.ts'
import { acceptance, settlement } from '../../testing/gateway-records.ts'
import { openTestDatabases } from '../../testing/open-test-databases.ts'
import { countOf } from '../../testing/rows-of.ts'
import type { OutboundStore } from './outbound-store.ts'

checkForLeaks()

const failure = { code: 'network', error: 'nobody there' }

test('a chunk is due at once, is claimed by one, and is sent with the id that its platform gave it', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { outbound } = test.databases.gateway
  const attachments = [{ kind: 'image' as const, path: '/a.png', name: 'a.png', mediaType: 'image/png' }]
  const whole = outboundNamed('out_1', { attachments, replyTo: '5', sessionKey: 'key', turnId: 'run_1', silent: true, sentMessageId: '6' })
  const [written] = await outbound.add([whole])
  expect(written).toEqual({
    ...whole,
    position: 1,
    state: 'pending',
    attempts: 0,
    dueAt: 1_000,
    uncertain: false,
    code: null,
    error: null,
    runner: null,
    messageId: null,
    createdAt: 1_000,
    endedAt: null,
  })
  expect(await outbound.nextDueAt('telegram')).toBe(1_000)
  const claims = await Promise.all([1, 2, 3].map((n) => outbound.claimDue('telegram', `runner_${n}`, 10)))
  expect(claims.flat()).toMatchObject([{ id: 'out_1', runner: 'runner_1', attempts: 1, state: 'sending' }])
  expect(await outbound.nextDueAt('telegram'), 'it is being sent').toBeUndefined()
  await clock.advance(200)
  expect(await outbound.sent('out_1', 'runner_1', { messageId: '77' })).toBe(true)
  expect(await outbound.get('out_1')).toMatchObject({ state: 'sent', messageId: '77', endedAt: 1_200, dueAt: null })
  expect(await outbound.sent('out_1', 'runner_1', { messageId: '78' })).toBe(false)
})

test('a chat is sent its own in order, one by one; other chats, threads and accounts do not wait for it', async () => {
  await using test = openTestDatabases()
  const { outbound } = test.databases.gateway
  await outbound.add(['out_1', 'out_2', 'out_3'].map((id) => outboundNamed(id)))
  await outbound.add([
    outboundNamed('out_thread', { address: chatAt('chat', { threadId: 'topic' }) }),
    outboundNamed('out_account', { address: chatAt('chat', { account: 'other' }) }),
    outboundNamed('out_platform', { address: chatAt('chat', { platform: 'discord' }) }),
  ])
  expect(await claim(outbound)).toEqual(['out_1', 'out_thread', 'out_account'])
  expect(await claim(outbound), 'the first is under way').toEqual([])
  await outbound.sent('out_1', 'runner_1', { messageId: '1' })
  await outbound.add([outboundNamed('out_4')])
  expect(await claim(outbound)).toEqual(['out_2'])
  await outbound.sent('out_2', 'runner_1', { messageId: '2' })
  await outbound.sent('out_thread', 'runner_1', { messageId: '3' })
  expect(await claim(outbound)).toEqual(['out_3'])
})

/** Whoever follows the changes to learn that something is due would wake itself for ever. */
test('claiming nothing writes nothing', async () => {
  await using test = openTestDatabases({ clock: new FakeClock(1_000) })
  const { outbound } = test.databases.gateway
  await outbound.add([outboundNamed('out_1')])
  await claim(outbound)
  await outbound.retry('out_1', 'runner_1', { ...failure, at: 1_001 })
  const { commits } = test.databases.stats()
  expect(await claim(outbound)).toEqual([])
  expect(await outbound.claimDue('discord', 'runner_1', 10)).toEqual([])
  expect(test.databases.stats().commits).toBe(commits)
})

test('as many are claimed as one asks for, those first that are due longest', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { outbound } = test.databases.gateway
  for (const chat of ['c', 'a', 'b']) {
    await outbound.add([outboundNamed(`out_${chat}`, { address: chatAt(chat) })])
    await clock.advance(10)
  }
  expect(await claim(outbound, 2)).toEqual(['out_c', 'out_a'])
})

test('a chunk that was surely not sent is tried again when its time comes, and what follows it in its chat waits for that', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { outbound } = test.databases.gateway
  await outbound.add([outboundNamed('out_1'), outboundNamed('out_2')])
  await claim(outbound)
  expect(await outbound.retry('out_1', 'runner_1', { ...failure, at: 3_000 })).toBe(true)
  expect(await outbound.get('out_1')).toMatchObject({ state: 'pending', dueAt: 3_000, ...failure, uncertain: false, attempts: 1 })
  expect(await outbound.nextDueAt('telegram')).toBe(3_000)
  await clock.advance(1_999)
  expect(await claim(outbound)).toEqual([])
  await outbound.add([outboundNamed('out_b', { address: chatAt('b') })])
  expect(await claim(outbound)).toEqual(['out_b'])
  await clock.advance(1)
  expect(await claim(outbound)).toEqual(['out_1'])
  await outbound.sent('out_1', 'runner_1', { messageId: '1' })
  expect(await outbound.get('out_1')).toMatchObject({ code: null, error: null, attempts: 2 })
})

test('a chunk that can never be sent goes to the dead letters and holds up nothing', async () => {
  await using test = openTestDatabases()
  const { outbound } = test.databases.gateway
  await outbound.add([outboundNamed('out_1'), outboundNamed('out_2')])
  await claim(outbound)
  expect(await outbound.dead('out_1', 'runner_1', { code: 'bad_format', error: 'no' })).toBe(true)
  expect(await claim(outbound)).toEqual(['out_2'])
  expect(await outbound.list({ state: 'dead', limit: 10 })).toMatchObject([{ id: 'out_1', code: 'bad_format', dueAt: null }])
})

test('a chunk that may have arrived says so ever after, whether it is tried again or given up', async () => {
  await using test = openTestDatabases({ clock: new FakeClock(1_000) })
  const { outbound } = test.databases.gateway
  await outbound.add([outboundNamed('out_1'), outboundNamed('out_2')])
  await claim(outbound)
  expect(await outbound.uncertain('out_1', 'runner_1', { code: 'unknown_outcome', error: 'no answer', at: 1_000 })).toBe(true)
  expect(await outbound.get('out_1')).toMatchObject({ state: 'pending', uncertain: true })
  await claim(outbound)
  await outbound.retry('out_1', 'runner_1', { ...failure, at: 1_000 })
  expect(await outbound.get('out_1')).toMatchObject({ state: 'pending', uncertain: true, code: 'network' })
  await claim(outbound)
  expect(await outbound.uncertain('out_1', 'runner_1', { code: 'unknown_outcome', error: 'no answer' })).toBe(true)
  expect(await outbound.get('out_1')).toMatchObject({ state: 'dead', uncertain: true })
  expect(await claim(outbound)).toEqual(['out_2'])
  await outbound.uncertain('out_2', 'runner_1', { code: 'unknown_outcome', error: 'no answer', at: 1_000 })
  await claim(outbound)
  await outbound.dead('out_2', 'runner_1', { code: 'rejected', error: 'no' })
  expect(await outbound.get('out_2')).toMatchObject({ state: 'dead', uncertain: true })
})

test('what a dead process was sending is sent again by another, once, as what may have arrived; what it had sent is not', async () => {
  await using test = openTestDatabases()
  const { outbound } = test.databases.gateway
  await outbound.add([outboundNamed('out_1'), outboundNamed('out_2'), outboundNamed('out_b', { address: chatAt('b') })])
  await outbound.claimDue('telegram', 'dead', 10)
  await outbound.sent('out_b', 'dead', { messageId: '1' })
  expect(await Promise.all([outbound.adopt('dead', 'runner_1'), outbound.adopt('dead', 'runner_2')])).toEqual([1, 0])
  expect(await outbound.get('out_1')).toMatchObject({ state: 'pending', uncertain: true, runner: 'runner_1', code: 'unknown_outcome' })
  expect(await claim(outbound)).toEqual(['out_1'])
})

test('a process that was given up says nothing about a row that another has: not sent, not again, not dead', async () => {
  await using test = openTestDatabases({ clock: new FakeClock(1_000) })
  const { outbound } = test.databases.gateway
  await outbound.add([outboundNamed('out_1')])
  await outbound.claimDue('telegram', 'stale', 10)
  await outbound.adopt('stale', 'runner_1')
  const saysNothing = async () => {
    expect(await outbound.sent('out_1', 'stale', { messageId: '1' })).toBe(false)
    expect(await outbound.retry('out_1', 'stale', { ...failure, at: 9 })).toBe(false)
    expect(await outbound.uncertain('out_1', 'stale', { ...failure, at: 9 })).toBe(false)
    expect(await outbound.uncertain('out_1', 'stale', failure)).toBe(false)
    expect(await outbound.dead('out_1', 'stale', failure)).toBe(false)
  }
  await saysNothing()
  expect(await outbound.sent('out_1', 'runner_1', { messageId: '1' }), 'it is not being sent').toBe(false)
  expect(await claim(outbound)).toEqual(['out_1'])
  await saysNothing()
  expect(await outbound.get('out_1')).toMatchObject({ state: 'sending', runner: 'runner_1', dueAt: 1_000, code: 'unknown_outcome' })
})

test('a dead letter is replayed once, behind what is being sent to its chat, and before what waits', async () => {
  await using test = openTestDatabases()
  const { outbound } = test.databases.gateway
  await outbound.add([outboundNamed('out_1'), outboundNamed('out_2'), outboundNamed('out_3')])
  await claim(outbound)
  await outbound.dead('out_1', 'runner_1', failure)
  expect(await claim(outbound)).toEqual(['out_2'])
  expect(await Promise.all([outbound.replay('out_1'), outbound.replay('out_1')])).toEqual([true, false])
  expect(await outbound.replay('out_2'), 'it is no dead letter').toBe(false)
  expect(await outbound.get('out_1')).toMatchObject({ state: 'pending', attempts: 0, dueAt: null, endedAt: null })
  expect(await claim(outbound)).toEqual([])
  await outbound.sent('out_2', 'runner_1', { messageId: '2' })
  expect(await claim(outbound)).toEqual(['out_1'])
  await outbound.sent('out_1', 'runner_1', { messageId: '1' })
  expect(await claim(outbound)).toEqual(['out_3'])
})

test('a dead letter of a chat for which nothing waits is due at once', async () => {
  await using test = openTestDatabases()
  const { outbound } = test.databases.gateway
  await outbound.add([outboundNamed('out_1')])
  await claim(outbound)
  await outbound.dead('out_1', 'runner_1', failure)
  await outbound.replay('out_1')
  expect(await claim(outbound)).toEqual(['out_1'])
})

test('to a chat that takes nothing nothing is sent, until it heals; then all that waited is, in order', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { outbound, chats } = test.databases.gateway
  await outbound.add([outboundNamed('out_1'), outboundNamed('out_2'), outboundNamed('out_b', { address: chatAt('b') })])
  expect(await claim(outbound)).toEqual(['out_1', 'out_b'])
  await chats.park(chatAt('chat'), 'forbidden', 'the bot was blocked')
  expect(await outbound.retry('out_1', 'runner_1', { ...failure, at: 5_000 })).toBe(true)
  const [late] = await outbound.add([outboundNamed('out_3')])
  expect(late).toMatchObject({ state: 'parked', dueAt: null })
  expect(await outbound.list({ state: 'parked', limit: 10 })).toMatchObject([{ id: 'out_3' }, { id: 'out_2' }, { id: 'out_1' }])
  await clock.advance(10_000)
  expect(await claim(outbound)).toEqual([])
  expect(await outbound.nextDueAt('telegram')).toBeUndefined()

  expect(await chats.heal(chatAt('chat'))).toBe(true)
  for (const id of ['out_1', 'out_2', 'out_3']) {
    expect(await claim(outbound)).toEqual([id])
    await outbound.sent(id, 'runner_1', { messageId: id })
  }
})

test('what is due in a chat when it is parked waits for it to heal', async () => {
  await using test = openTestDatabases()
  const { outbound, chats } = test.databases.gateway
  await outbound.add([outboundNamed('out_1')])
  await chats.park(chatAt('chat'), 'forbidden', 'the bot was blocked')
  expect(await claim(outbound)).toEqual([])
  await chats.heal(chatAt('chat'))
  expect(await claim(outbound)).toEqual(['out_1'])
})

test('what a dead process was sending to a chat that was parked meanwhile is set aside as well', async () => {
  await using test = openTestDatabases()
  const { outbound, chats } = test.databases.gateway
  await outbound.add([outboundNamed('out_1')])
  await outbound.claimDue('telegram', 'dead', 1)
  await chats.park(chatAt('chat'), 'forbidden', 'the bot was blocked')
  await outbound.adopt('dead', 'runner_1')
  expect(await outbound.get('out_1')).toMatchObject({ state: 'parked', uncertain: true })
})

test('a dead letter is replayed to a parked chat too, and heals it when it arrives', async () => {
  await using test = openTestDatabases()
  const { outbound, chats } = test.databases.gateway
  await outbound.add([outboundNamed('out_1'), outboundNamed('out_2')])
  await claim(outbound)
  await chats.park(chatAt('chat'), 'forbidden', 'the bot was blocked')
  await outbound.dead('out_1', 'runner_1', failure)
  expect(await claim(outbound)).toEqual([])
  await outbound.replay('out_1')
  expect(await claim(outbound)).toEqual(['out_1'])
  await outbound.sent('out_1', 'runner_1', { messageId: '1' })
  expect((await chats.get(chatAt('chat')))?.parked).toBeNull()
  expect(await claim(outbound)).toEqual(['out_2'])
})

test('a list is of one state, newest first, a page at a time, of one platform or all', async () => {
  await using test = openTestDatabases()
  const { outbound } = test.databases.gateway
  for (let i = 0; i < 5; i++) {
    for (const platform of ['telegram', 'discord']) await outbound.add([outboundNamed(`${platform}_${i}`, { address: chatAt(`chat ${i}`, { platform }) })])
  }
  await claim(outbound)
  for (let i = 0; i < 4; i++) await outbound.dead(`telegram_${i}`, 'runner_1', failure)
  await outbound.sent('telegram_4', 'runner_1', { messageId: '1' })
  const ids = async (query: Parameters<OutboundStore['list']>[0]) => (await outbound.list(query)).map(({ id }) => id)
  expect(await ids({ state: 'dead', limit: 3 })).toEqual(['telegram_3', 'telegram_2', 'telegram_1'])
  expect(await ids({ state: 'dead', limit: 3, after: 'telegram_1' })).toEqual(['telegram_0'])
  expect(await ids({ state: 'pending', platform: 'telegram', limit: 3 })).toEqual([])
  expect(await ids({ state: 'pending', platform: 'discord', limit: 2 })).toEqual(['discord_4', 'discord_3'])
  expect(await ids({ state: 'sent', limit: 2 })).toEqual(['telegram_4'])
  expect(await outbound.counts()).toEqual([
    { platform: 'telegram', state: 'dead', count: 4 },
    { platform: 'discord', state: 'pending', count: 5 },
  ])
})

test('what is sent without a turn answers messages in the same transaction, or not at all', async () => {
  await using test = openTestDatabases()
  const { outbound, inbound } = test.databases.gateway
  for (const id of ['in_1', 'in_2', 'in_3']) await inbound.accept(inboundNamed(id))
  await inbound.take('key', 'runner_1', 2)
  await outbound.add([outboundNamed('out_1')], { answers: ['in_1', 'in_2'] })
  const states = async () => Promise.all(['in_1', 'in_2', 'in_3'].map(async (id) => (await inbound.get(id))?.state))
  expect(await states()).toEqual(['done', 'done', 'waiting'])
  await inbound.take('key', 'runner_1', 1)
  await expect(outbound.add([outboundNamed('out_1')], { answers: ['in_3'] }), 'there is one of this id').rejects.toMatchObject({ code: 'CONSTRAINT' })
  expect(await states()).toEqual(['done', 'done', 'taken'])
  expect(countOf(test.file, 'outbound')).toBe(1)
})

test('a chunk that is too long is cut by who sends it: the parts come in its place, before what waits behind it', async () => {
  await using test = openTestDatabases()
  const { outbound } = test.databases.gateway
  const whole = { group: 'g', kind: 'notice', sessionKey: 'key', turnId: 'run_1', silent: true, replyTo: '5' } as const
  await outbound.add([
    outboundNamed('out_1', { ...whole, text: 'one two three' }),
    outboundNamed('out_file', { ...whole, chunk: 1 }),
    outboundNamed('out_2'),
    outboundNamed('out_other', { address: chatAt('other') }),
  ])
  const parts = ['one', 'two', 'three']
  expect(await outbound.split('out_1', 'runner_1', parts), 'it has not taken it').toBe(false)
  await outbound.claimDue('telegram', 'runner_1', 1)
  expect(await outbound.split('out_1', 'runner_2', parts), 'another has').toBe(false)
  expect(await outbound.split('out_1', 'runner_1', parts)).toBe(true)
  expect(await claim(outbound), 'the first part is under way').toEqual(['out_other'])
  const sent = []
  for (let id: string | undefined = 'out_1'; id !== undefined; [id] = await claim(outbound)) {
    await outbound.sent(id, 'runner_1', { messageId: id })
    sent.push((await outbound.get(id))!)
  }
  expect(sent.map(({ text }) => text)).toEqual(['one', 'two', 'three', 'text of out_file', 'text of out_2'])
  expect(sent.map(({ chunk }) => chunk)).toEqual([0, 1, 2, 3, 0])
  expect(sent[1]).toMatchObject({ ...whole, replyTo: null })
})

test('a chunk that may have been sent before it was written is uncertain from the start', async () => {
  await using test = openTestDatabases()
  const { outbound } = test.databases.gateway
  await outbound.add([outboundNamed('out_1', { uncertain: true })])
  expect(await outbound.claimDue('telegram', 'runner_1', 1)).toMatchObject([{ id: 'out_1', uncertain: true }])
})

test('a dead letter that is replayed is as young as a new one, and has not been tried', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { outbound } = test.databases.gateway
  await outbound.add([outboundNamed('out_1')])
  await claim(outbound)
  await outbound.dead('out_1', 'runner_1', failure)
  await clock.advance(500)
  await outbound.replay('out_1')
  expect(await outbound.get('out_1')).toMatchObject({ state: 'pending', attempts: 0, createdAt: 1_500 })
})

test('an answer goes to its chat with the settlement of its turn, or not at all', async () => {
  await using test = openTestDatabases()
  const { outbound, turns } = test.databases.gateway
  await turns.accept(acceptance('run_1'))
  const chunks = [outboundNamed('out_1'), outboundNamed('out_2')]
  expect(await turns.settle('run_1', 'stale', settlement('stale', { outbound: chunks }))).toBe(false)
  expect(countOf(test.file, 'outbound')).toBe(0)
  expect(await turns.settle('run_1', 'runner_1', settlement('noon', { outbound: chunks }))).toBe(true)
  expect(await turns.settle('run_1', 'runner_1', settlement('again', { outbound: [outboundNamed('out_3')] }))).toBe(false)
  expect(countOf(test.file, 'outbound')).toBe(2)
  expect(await claim(outbound)).toEqual(['out_1'])
})

test('whatever happens to the rows of a chat, it is sent one at a time, each in its turn, and none is forgotten', async () => {
  const deed = fc.oneof(
    { weight: 4, arbitrary: fc.constant('add' as const) },
    { weight: 4, arbitrary: fc.constant('claim' as const) },
    { weight: 3, arbitrary: fc.constant('sent' as const) },
    ...(['retry', 'uncertain', 'dead', 'park', 'heal', 'adopt', 'replay'] as const).map((name) => fc.constant(name)),
  )
  await using test = openTestDatabases({ clock: new FakeClock(1_000) })
  const { outbound, chats } = test.databases.gateway
  let rounds = 0
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { maxLength: 40 }), async (deeds) => {
      // A platform of its own, because a round that fails leaves its rows behind.
      const address = chatAt('chat', { platform: `platform ${++rounds}` })
      const { platform } = address
      const under: string[] = []
      let added = 0
      const end = async (how: (id: string) => Promise<boolean>) => {
        const id = under.pop()
        if (id !== undefined) expect(await how(id)).toBe(true)
      }
      const claimOne = async () => {
        under.push(...(await outbound.claimDue(platform, 'runner_1', 10)).map(({ id }) => id))
        expect(under.length).toBeLessThanOrEqual(1)
        if (under.length === 0) expect(await outbound.list({ state: 'pending', platform, limit: 100 })).toEqual([])
      }
      for (const name of deeds) {
        if (name === 'add') await outbound.add([outboundNamed(`${platform} ${++added}`, { address })])
        if (name === 'claim') await claimOne()
        if (name === 'sent') await end((id) => outbound.sent(id, 'runner_1', { messageId: id }))
        if (name === 'retry') await end((id) => outbound.retry(id, 'runner_1', { ...failure, at: 1_000 }))
        if (name === 'uncertain') await end((id) => outbound.uncertain(id, 'runner_1', { ...failure, at: 1_000 }))
        if (name === 'dead') await end((id) => outbound.dead(id, 'runner_1', failure))
        if (name === 'park') await chats.park(address, 'forbidden', 'blocked')
        if (name === 'heal') await chats.heal(address)
        if (name === 'adopt') expect(await outbound.adopt('runner_1', 'runner_2')).toBe(under.splice(0).length)
        if (name === 'replay') for (const { id } of await outbound.list({ state: 'dead', platform, limit: 1 })) await outbound.replay(id)
      }
      await end((id) => outbound.retry(id, 'runner_1', { ...failure, at: 1_000 }))
      await chats.heal(address)
      for (const { id } of await outbound.list({ state: 'dead', platform, limit: 100 })) await outbound.replay(id)
      for (;;) {
        await claimOne()
        if (under.length === 0) break
        await end((id) => outbound.sent(id, 'runner_1', { messageId: id }))
      }
      expect(await outbound.list({ state: 'sent', platform, limit: 100 })).toHaveLength(added)
    }),
    { numRuns: process.env.TALARIA_TEST_FULL ? 2_000 : 30 },
  )
})

async function claim(outbound: OutboundStore, limit = 10): Promise<readonly string[]> {
  return (await outbound.claimDue('telegram', 'runner_1', limit)).map(({ id }) => id)
}
