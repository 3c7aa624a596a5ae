import { describe, expect, it } from 'vitest'
import { openTestChats, type TestChats } from '../../test/open-test-chats.ts'

const add = (t: TestChats, text: string, { id = text, chatId = 'chat-1' } = {}) =>
  t.stores.outbound.add([
    { id, group: id, chunk: 0, kind: 'notice', text, attachments: [], address: { platform: 'twin', account: 'twin-bot', chatId, threadId: '' } },
  ])

const stateOf = async (t: TestChats, id: string) => (await t.stores.outbound.get(id))?.state

describe('delivery', () => {
  it('sends a chat its messages in order, and records by which ids the platform knows them', async () => {
    await using t = await openTestChats()
    for (const text of ['one', 'two', 'three']) await add(t, text)
    await t.until('all', () => t.texts().length === 3)
    expect(t.texts()).toEqual(['one', 'two', 'three'])
    await t.until('the record', async () => (await t.stores.outbound.get('three'))?.messageId === t.service.sent[2]!.messageId)
  })

  it('waits as long as the platform asks for, and keeps the order', async () => {
    await using t = await openTestChats()
    t.service.refuse('rate_limited', 90_000)
    await add(t, 'one')
    await add(t, 'two')
    await t.until('a try', async () => (await t.stores.outbound.get('one'))?.code === 'rate_limited')
    const since = t.clock.now()
    t.service.heal()
    await t.clock.advance(89_000)
    expect(t.texts()).toEqual([])
    await t.until('both', () => t.texts().length === 2)
    expect(t.clock.now() - since).toBeLessThan(95_000)
    expect(t.texts()).toEqual(['one', 'two'])
  })

  it('holds up no other chat for one that is refused', async () => {
    await using t = await openTestChats({
      platform: (platform) => ({
        ...platform,
        send: async (message, signal) => (message.address.chatId === 'slow' ? new Promise<never>(() => {}) : platform.send(message, signal)),
      }),
    })
    await add(t, 'never', { chatId: 'slow' })
    await add(t, 'at once')
    await t.until('the other', () => t.texts().length === 1)
    expect(await stateOf(t, 'never')).toBe('sending')
  })

  it('asks the platform when it does not know what became of a message, and sends it once', async () => {
    await using t = await openTestChats()
    t.service.dieAfterSend()
    await add(t, 'hello')
    await t.until('it is settled', async () => (await stateOf(t, 'hello')) === 'sent')
    expect(t.texts()).toEqual(['hello'])
  })

  it('says that a message may be a duplicate, where the platform cannot tell, and stops after three copies', async () => {
    await using t = await openTestChats({
      platform: ({ find: _, ...platform }) => ({
        ...platform,
        send: async (...args) => (await platform.send(...args), Promise.reject(new Error('the line went dead'))),
      }),
    })
    await add(t, 'hello')
    await t.until('it is given up', async () => (await stateOf(t, 'hello')) === 'dead')
    await t.clock.advance(600_000)
    expect(t.texts()).toEqual(['hello', ...Array(2).fill('hello\n\n(this may be a duplicate)')])
  })

  it('sets aside what goes to a chat that is gone, until somebody is heard there', async () => {
    await using t = await openTestChats()
    t.service.refuse('chat_not_found')
    await add(t, 'one')
    await t.until('it is set aside', async () => (await stateOf(t, 'one')) === 'parked')
    t.service.heal()
    await add(t, 'two')
    await t.clock.advance(60_000)
    expect(t.texts()).toEqual([])
    t.service.say('I am back')
    await t.until('all', () => t.texts().length === 3)
    expect(t.texts()).toEqual(['one', 'two', 'You said: I am back'])
  })

  it('puts what can never be sent to the dead letters, goes on with the next, and sends it when it is replayed', async () => {
    await using t = await openTestChats()
    t.service.refuse('rejected')
    await add(t, 'one')
    await t.until('it is dead', async () => (await stateOf(t, 'one')) === 'dead')
    t.service.heal()
    await add(t, 'two')
    await t.until('the next', () => t.texts().length === 1)
    expect(await t.stores.outbound.replay('one')).toBe(true)
    await t.until('both', () => t.texts().length === 2)
    expect(t.texts()).toEqual(['two', 'one'])
  })

  it('waits while the platform is down, and sends when it is back', async () => {
    await using t = await openTestChats()
    t.service.refuse('network')
    t.service.drop()
    await add(t, 'hello')
    await t.clock.advance(30_000)
    expect(await stateOf(t, 'hello')).toBe('pending')
    t.service.heal()
    await t.until('it is sent', () => t.texts().length === 1)
  })

  it('sends the final message anew when somebody has deleted its draft', async () => {
    await using t = await openTestChats()
    const address = { platform: 'twin', account: 'twin-bot', chatId: 'chat-1', threadId: '' }
    await t.stores.outbound.add([{ id: 'final', group: 'g', chunk: 0, kind: 'reply', text: 'final', attachments: [], address, sentMessageId: 'deleted' }])
    await t.until('it is sent', () => t.texts().length === 1)
    expect(t.texts()).toEqual(['final'])
  })
})
