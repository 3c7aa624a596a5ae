import { describe, expect, it } from 'vitest'
import { openTestChats } from '../../test/open-test-chats.ts'
import { TestAgent } from '../../test/test-agent.ts'

const webhook = (to: readonly string[], isDirect = false) => ({ chatId: 'route', isVouchedFor: true, delivery: { to, ...(isDirect && { isDirect }) } })

describe('a message whose answer is delivered elsewhere', () => {
  it('is answered in the chats that it names, each once, and not in its own', async () => {
    await using t = await openTestChats()
    t.service.say('hello', webhook(['twin:chat-2', 'twin:chat-3:5', 'twin:chat-2']))
    await t.until('both answers', () => t.service.sent.length === 2)
    await t.clock.advance(5_000)
    expect(t.service.sent.map(({ address: { chatId, threadId }, text, replyTo }) => [chatId, threadId, text, replyTo])).toEqual([
      ['chat-2', '', 'You said: hello', undefined],
      ['chat-3', '5', 'You said: hello', undefined],
    ])
  })

  it('is answered in the home chat of a platform, and in its own where it says log', async () => {
    await using t = await openTestChats()
    await t.stores.chats.setHome({ platform: 'twin', account: t.service.account, chatId: 'home', threadId: '' }, true)
    t.service.say('hello', webhook(['log', 'twin']))
    await t.until('both answers', () => t.service.sent.length === 2)
    expect([t.texts('route'), t.texts('home')]).toEqual([['You said: hello'], ['You said: hello']])
  })

  it('is answered in its own chat when there is none of those', async () => {
    await using t = await openTestChats()
    t.service.say('hello', webhook(['twin', 'nowhere:1']))
    await t.until('the answer', () => t.service.sent.length > 0)
    expect(t.texts('route')).toEqual(['You said: hello'])
  })

  it('is delivered as it stands, with no agent asked, and once however often it comes', async () => {
    await using t = await openTestChats()
    t.service.duplicate(2)
    t.service.say('/the build is broken', webhook(['twin:chat-2'], true))
    await t.until('two deliveries', () => t.service.acknowledged.length === 2 && t.texts('chat-2').length > 0)
    await t.clock.advance(5_000)
    expect(t.service.sent.map(({ text }) => text)).toEqual(['/the build is broken'])
    expect(t.agent.runs).toHaveLength(0)
    expect(await t.stores.inbound.sessionsWaiting()).toEqual([])
  })

  it('is told there that it failed, and what failed', async () => {
    await using t = await openTestChats({ agent: new TestAgent({ play: (run) => run.fail('model_unavailable', 'The model is away.') }) })
    t.service.say('hello', webhook(['twin:chat-2']))
    await t.until('the report', () => t.texts('chat-2').length > 0)
    expect(t.texts('chat-2')).toEqual(['twin route: I could not finish this answer: The model is away.'])
  })

  it('is told there, once, that a restart cut its answer short', async () => {
    await using t = await openTestChats({ agent: new TestAgent() })
    t.service.say('hello', webhook(['twin:chat-2']))
    await t.until('the run', () => t.agent.runs.length === 1)
    await t.kill()
    await t.begin()
    await t.until('the report', () => t.texts('chat-2').length > 0)
    await t.clock.advance(5_000)
    expect(t.service.sent.map(({ text }) => text)).toEqual(['twin route: A restart cut this answer short.'])
  })
})
