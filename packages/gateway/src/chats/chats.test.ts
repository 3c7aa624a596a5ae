import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openTranscriber } from '@talaria/agent'
import { startTranscriptionServer } from '@talaria/agent/testing'
import { systemClock } from '@talaria/core'
import { describe, expect, it } from 'vitest'
import { openTestChats, type TestChats } from '../../test/open-test-chats.ts'
import { TestAgent } from '../../test/test-agent.ts'

const CHATS = process.env.TALARIA_TEST_FULL ? 1_000 : 200

/** Lets an agent answer nothing by itself. */
const slowAgent = () => new TestAgent()

const waitingIn = async ({ stores }: TestChats, sessionKey = 'twin:twin-bot:chat-1::') =>
  (await stores.inbound.waiting(sessionKey)).map(({ body }) => body['text'])

describe('a conversation in a chat', () => {
  it('answers a message once, in its chat, as a reply to it', async () => {
    await using t = await openTestChats()
    const messageId = t.service.say('hello')
    await t.until('the answer', () => t.texts().length > 0)
    await t.clock.advance(5_000)
    expect(t.service.sent.map(({ text, replyTo }) => ({ text, replyTo }))).toEqual([{ text: 'You said: hello', replyTo: messageId }])
  })

  it('answers a message once however often it is delivered, also after a restart', async () => {
    await using t = await openTestChats()
    t.service.duplicate(3)
    t.service.say('hello', { messageId: 'm1' })
    await t.until('three deliveries', () => t.service.acknowledged.length === 3 && t.texts().length > 0)
    await t.kill()
    await t.begin()
    t.service.say('hello', { messageId: 'm1' })
    await t.until('more deliveries', () => t.service.acknowledged.length === 6)
    await t.clock.advance(5_000)
    expect(t.texts()).toEqual(['You said: hello'])
  })

  it('goes on with what was said before', async () => {
    await using t = await openTestChats()
    t.service.say('one')
    t.service.say('two')
    await t.until('both answers', () => t.texts().length === 2)
    expect(t.agent.runs[1]!.request.messages.map(({ content }) => content)).toEqual(['one', 'You said: one', 'two'])
  })

  it(`keeps the order of each of ${CHATS} chats at once, and loses nothing`, async () => {
    await using t = await openTestChats()
    for (let round = 1; round <= 2; round++) for (let chat = 0; chat < CHATS; chat++) t.service.say(`${round}`, { chatId: `c${chat}` })
    await t.until('all answers', () => t.service.sent.length === 2 * CHATS)
    for (let chat = 0; chat < CHATS; chat++) expect(t.texts(`c${chat}`)).toEqual(['You said: 1', 'You said: 2'])
  })

  it('takes nothing from who may not talk to us, and tells them what the verdict says, once a message', async () => {
    await using t = await openTestChats({
      authorize: ({ text }) =>
        text === 'psst' ? { kind: 'ignored', reason: 'not_mentioned' } : { kind: 'refused', reason: 'unknown_sender', answer: 'Your code is X.' },
    })
    t.service.say('psst')
    t.service.duplicate(2)
    t.service.say('hello')
    await t.until('deliveries', () => t.service.acknowledged.length === 3)
    await t.clock.advance(2_000)
    expect(t.texts()).toEqual(['Your code is X.'])
    expect(t.agent.runs).toHaveLength(0)
    expect(await t.stores.chats.list({ limit: 10 })).toEqual([])
  })

  it('says nothing when the agent chooses silence, and that an answer is empty', async () => {
    await using t = await openTestChats({
      agent: new TestAgent({ play: (run) => run.say(run.request.messages.at(-1)!.content === 'quiet' ? '[SILENT]' : '').finish() }),
    })
    t.service.say('quiet')
    t.service.say('empty')
    await t.until('the notice', () => t.texts().length > 0)
    expect(t.texts()).toEqual(['(The answer was empty.)'])
  })

  it('reports an answer that failed, with what was shown of it', async () => {
    await using t = await openTestChats({ agent: new TestAgent({ play: (run) => run.fail('model_unavailable', 'The model is away.') }) })
    t.service.say('hello')
    await t.until('the report', () => t.texts().length > 0)
    expect(t.texts()).toEqual(['I could not finish this answer: The model is away.'])
  })

  it('makes one message of an album, and of a text that a client has cut', async () => {
    await using t = await openTestChats()
    t.service.say('look', { albumId: 'a' })
    t.service.say('', { albumId: 'a', files: [{ name: 'a.txt', bytes: Buffer.from('Alpha') }] })
    await t.until('the album', () => t.texts().length === 1)
    expect(t.texts()[0]).toContain('look\n\n[document "a.txt"]\nAlpha')
    t.service.say('x'.repeat(3_900))
    t.service.say('the end')
    await t.until('the text', () => t.agent.runs.length === 2)
    expect(t.agent.runs[1]!.request.messages.at(-1)!.content).toBe(`${'x'.repeat(3_900)}\nthe end`)
  })

  it('carries out a command once, beside what is being answered, and asks the agent what it says', async () => {
    const typed: string[] = []
    await using t = await openTestChats({
      agent: slowAgent(),
      commands: {
        dispatch: async ({ text }) => (typed.push(text), text === '/again' ? { text: 'Asking again.', ask: { text: 'once more' } } : { text: 'Done.' }),
      },
    })
    t.service.say('hello')
    const run = await t.agent.next()
    t.service.duplicate(2)
    t.service.say('/do it')
    t.service.say('/again')
    await t.until('both replies', () => t.texts().length === 2)
    expect(typed).toEqual(['/do it', '/again'])
    expect(t.texts()).toEqual(['Done.', 'Asking again.'])
    run.say('Hi.').finish()
    const next = await t.agent.next()
    expect(next.request.messages.at(-1)!.content).toBe('once more')
    next.finish()
  })

  it('takes a plain word for the command that it stands for, and the same word for a message where it stands for none', async () => {
    let isAsking = true
    const typed: string[] = []
    await using t = await openTestChats({
      commands: {
        implied: async ({ text }) => (isAsking && text === 'yes' ? '/approve' : undefined),
        dispatch: async ({ text }) => (typed.push(text), { text: 'Approved.' }),
      },
    })
    t.service.say('yes')
    await t.until('the reply', () => t.texts().length === 1)
    isAsking = false
    t.service.say('yes')
    await t.until('the answer', () => t.texts().length === 2)
    expect(typed).toEqual(['/approve'])
    expect(t.texts()).toEqual(['Approved.', 'You said: yes'])
  })

  it('sends the files that an answer names where the path policy lets it, and hides their names', async () => {
    await using t = await openTestChats({ agent: new TestAgent({ play: (run) => run.say(run.request.messages.at(-1)!.content as string).finish() }) })
    writeFileSync(join(t.home, 'plot.png'), 'a plot')
    t.service.say(`Here it is.\nMEDIA:${t.home}/plot.png\nMEDIA:/etc/hostname`)
    await t.until('the file', () => t.service.sent.some(({ files }) => files.length > 0))
    await t.clock.advance(2_000)
    expect(t.service.sent.map(({ text, files }) => ({ text, files: files.map(({ name }) => name) }))).toEqual([
      { text: 'Here it is.', files: [] },
      { text: '', files: ['plot.png'] },
    ])
  })

  it('answers a message whose file is too large, and tells the agent', async () => {
    await using t = await openTestChats({ maxAttachmentBytes: 10 })
    t.service.say('read this', { files: [{ name: 'big.txt', bytes: Buffer.alloc(11) }] })
    await t.until('the answer', () => t.texts().length > 0)
    expect(t.texts()[0]).toContain('could not be fetched')
  })
})

describe('a voice note', () => {
  const note = { kind: 'voice', name: 'note.ogg', bytes: Buffer.from('buy milk') } as const

  it('is what is said in it, where the settings name a transcriber', async () => {
    await using server = await startTranscriptionServer()
    await using transcriber = openTranscriber({ model: 'whisper-1', baseUrl: server.url }, { clock: systemClock })
    await using t = await openTestChats({ transcriber })
    t.service.say('', { files: [note] })
    await t.until('the answer', () => t.texts().length > 0)
    expect(t.texts()).toEqual(['You said: buy milk'])
  })

  it('is told to the agent with the reason, where it could not be transcribed', async () => {
    await using server = await startTranscriptionServer()
    server.refuse(400, 'No such model.')
    await using transcriber = openTranscriber({ model: 'whisper-1', baseUrl: server.url }, { clock: systemClock })
    await using t = await openTestChats({ transcriber })
    t.service.say('', { files: [note] })
    await t.until('the answer', () => t.texts().length > 0)
    expect(t.texts()[0]).toMatch(/voice "note.ogg", 8 bytes, is at \S+\. What is said in it is not known, because it could not be transcribed: No such model\./)
  })

  it('is told to the agent as one that nobody could hear, where there is no transcriber', async () => {
    await using t = await openTestChats()
    t.service.say('', { files: [note] })
    await t.until('the answer', () => t.texts().length > 0)
    expect(t.texts()[0]).toMatch(/voice "note.ogg", 8 bytes, is at \S+\. What is said in it is not known: this gateway has no transcriber/)
  })
})

describe('a message that comes while an answer is written', () => {
  const busy = async (busyMode: 'queue' | 'steer' | 'interrupt' | 'reject') => {
    const t = await openTestChats({ agent: slowAgent(), busyMode })
    t.service.say('first')
    const run = await t.agent.next()
    t.service.say('second')
    await t.until('the second is taken', () => t.service.acknowledged.length === 2)
    return { t, run }
  }

  it('waits, when it is to', async () => {
    const { t, run } = await busy('queue')
    await using _t = t
    expect(await waitingIn(t)).toEqual(['second'])
    run.say('One.').finish()
    ;(await t.agent.next()).say('Two.').finish()
    await t.until('both answers', () => t.texts().length === 2)
    expect(t.texts()).toEqual(['One.', 'Two.'])
  })

  it('is refused beyond 32 that wait', async () => {
    const { t, run } = await busy('queue')
    await using _t = t
    for (let i = 3; i <= 34; i++) t.service.say(`message ${i}`)
    await t.until('all are taken', () => t.service.acknowledged.length === 34 && t.texts().length > 0)
    expect(await waitingIn(t)).toHaveLength(32)
    expect(t.texts()).toEqual(['32 messages wait here already, so I did not take this one.'])
    run.finish()
  })

  it('is handed to the answer, when it is to steer, and answered by it', async () => {
    const { t, run } = await busy('steer')
    await using _t = t
    expect(run.request.steer!()).toBe('second')
    run.emit({ type: 'steered', text: 'second' }).say('Both.').finish()
    await t.until('the answer', () => t.texts().length === 1)
    await t.clock.advance(3_000)
    expect(t.agent.runs).toHaveLength(1)
    expect(await waitingIn(t)).toEqual([])
  })

  it('is handed to the answer once, however often it is delivered', async () => {
    await using t = await openTestChats({ agent: slowAgent(), busyMode: 'steer' })
    t.service.say('first')
    const run = await t.agent.next()
    t.service.duplicate(2)
    t.service.say('second')
    await t.until('both deliveries', () => t.service.acknowledged.length === 3)
    expect(run.request.steer!()).toBe('second')
    run.finish()
  })

  it('is answered by itself, when the answer that it was to steer did not take it up', async () => {
    const { t, run } = await busy('steer')
    await using _t = t
    run.say('One.').finish()
    const next = await t.agent.next()
    expect(next.request.messages.at(-1)!.content).toBe('second')
    next.finish()
  })

  it('ends the answer, when it is to interrupt, and is answered instead', async () => {
    const { t, run } = await busy('interrupt')
    await using _t = t
    await run.ended
    ;(await t.agent.next()).say('Two.').finish()
    await t.until('the answer', () => t.texts().length === 1)
    expect(t.texts()).toEqual(['Two.'])
  })

  it('is refused with a word, when it is to be rejected', async () => {
    const { t, run } = await busy('reject')
    await using _t = t
    await t.until('the notice', () => t.texts().length === 1)
    expect(t.texts()[0]).toContain('still answering')
    run.say('One.').finish()
    await t.until('the answer', () => t.texts().length === 2)
    expect(t.agent.runs).toHaveLength(1)
  })
})

describe('streaming into a chat', () => {
  const long = 'A first part of the answer, long enough to be shown.'

  it('edits one message, which in the end is the stored answer', async () => {
    await using t = await openTestChats({ agent: slowAgent() })
    t.service.say('hello')
    const run = await t.agent.next()
    run.say(long)
    await t.until('a draft', () => t.texts().length === 1)
    await t.until('a sign that we write', () => t.service.typings > 0)
    run.say(' And more.').finish()
    await t.until('the end', () => t.texts()[0] === `${long} And more.`)
    await t.clock.advance(5_000)
    const [session] = await t.stores.sessions.list({ all: true }, { limit: 1 })
    const messages = await t.stores.sessions.messages(session!.id, { limit: 10, order: 'latest' })
    expect(t.texts()).toEqual([messages.at(-1)!.content])
  })

  it('is one message, though the platform died before it had said that the draft is there', async () => {
    await using t = await openTestChats({ agent: slowAgent() })
    t.service.say('hello')
    const run = await t.agent.next()
    t.service.dieAfterSend()
    run.say(long)
    await t.until('a draft', () => t.texts().length === 1)
    run.say(' And more.').finish()
    await t.until('the end', () => t.texts()[0] === `${long} And more.`)
    await t.clock.advance(5_000)
    expect(t.texts()).toHaveLength(1)
  })

  it('shows nothing of an answer before the one before it has been sent', async () => {
    await using t = await openTestChats({ agent: slowAgent() })
    t.service.refuse('network')
    t.service.say('one')
    const first = await t.agent.next()
    first.say('First.').finish()
    // The next try is seconds away by then; a draft would come after less than one.
    await t.until('it backs off', async () => ((await t.stores.outbound.list({ state: 'pending', limit: 1 }))[0]?.attempts ?? 0) >= 3)
    t.service.heal()
    t.service.say('two')
    const second = await t.agent.next()
    second.say(long)
    await t.until('both are shown', () => t.texts().length === 2)
    expect(t.texts()).toEqual(['First.', long])
    second.finish()
  })

  it('says that it may be a duplicate of such a draft, where the platform cannot tell', async () => {
    await using t = await openTestChats({ agent: slowAgent(), platform: ({ find: _, ...platform }) => platform })
    t.service.say('hello')
    const run = await t.agent.next()
    t.service.dieAfterSend()
    run.say(long)
    await t.until('a draft', () => t.texts().length === 1)
    run.say(' And more.').finish()
    await t.until('the end', () => t.texts().length === 2)
    expect(t.texts()[1]).toBe(`${long} And more.\n\n(this may be a duplicate)`)
  })

  it('sends an answer whole that ends while the platform is away, in as few parts as it takes, before what comes after it', async () => {
    const text = 'word '.repeat(1_500).trim()
    await using t = await openTestChats({
      agent: new TestAgent({ play: (run) => run.say(run.request.messages.at(-1)!.content === 'long' ? text : 'short').finish() }),
    })
    t.service.refuse('network')
    t.service.drop()
    for (const words of ['long', 'short']) {
      await t.chats.receive({
        address: { platform: 'twin', account: 'twin-bot', chatId: 'chat-1', threadId: '' },
        kind: 'direct',
        messageId: words,
        sender: { id: 'p' },
        text: words,
        attachments: [],
        mentionsUs: true,
        sentAt: 0,
      })
    }
    await t.until('both are answered', async () => (await t.stores.outbound.list({ state: 'pending', limit: 9 })).length === 2)
    t.service.heal()
    await t.until('all', () => t.texts().length === 3)
    expect(t.texts().slice(0, 2).join(' ')).toBe(text)
    expect(t.texts()[2]).toBe('short')
  })

  it('never edits faster than the platform bears', async () => {
    await using t = await openTestChats({ agent: slowAgent() })
    t.service.say('hello')
    const run = await t.agent.next()
    run.say(long)
    await t.until('a draft', () => t.texts().length === 1)
    const since = t.clock.now()
    for (let i = 0; i < 60; i++) {
      run.say(` word${i}`)
      await t.clock.advance(10)
    }
    const edits = t.service.sent[0]!.edits
    expect(edits).toBeGreaterThan(1)
    expect(edits).toBeLessThanOrEqual((t.clock.now() - since) / 100)
    run.finish()
  })

  it('ends with the whole answer, though an edit was still under way when it was done', async () => {
    const gate = Promise.withResolvers<void>()
    let edits = 0
    await using t = await openTestChats({
      agent: slowAgent(),
      platform: (platform) => ({
        ...platform,
        async edit(...args) {
          if (++edits === 1) await gate.promise
          await platform.edit!(...args)
        },
      }),
    })
    t.service.say('hello')
    const run = await t.agent.next()
    run.say(long)
    await t.until('a draft', () => t.texts().length === 1)
    run.say(' More.')
    await t.until('an edit', () => edits === 1)
    run.say(' The end.').finish()
    await t.clock.advance(500)
    gate.resolve()
    await t.clock.advance(5_000)
    expect(t.texts()).toEqual([`${long} More. The end.`])
  })

  it('gives up after three complaints, and sends the answer whole and once', async () => {
    await using t = await openTestChats({ agent: slowAgent() })
    t.service.say('hello')
    const run = await t.agent.next()
    run.say(long)
    await t.until('a draft', () => t.texts().length === 1)
    t.service.refuse('rate_limited', 400)
    for (let i = 0; i < 10; i++) {
      run.say(` word${i}`)
      await t.clock.advance(500)
    }
    run.say(' The end.').finish()
    await t.clock.advance(2_000)
    t.service.heal()
    await t.until('the end', () => t.texts()[0]!.endsWith('The end.'))
    await t.clock.advance(60_000)
    expect(t.texts()).toHaveLength(1)
  })

  it('shows nothing of an answer that turns out to be silence', async () => {
    await using t = await openTestChats({ agent: slowAgent() })
    t.service.say('hello')
    const run = await t.agent.next()
    run.say('[SIL')
    await t.clock.advance(2_000)
    run.say('ENT]').finish()
    await t.clock.advance(5_000)
    expect(t.texts()).toEqual([])
  })
})

describe('a process that is killed', () => {
  it('between the acceptance of a message and its turn: the next one answers it', async () => {
    await using t = await openTestChats()
    const address = { platform: 'twin', account: 'twin-bot', chatId: 'chat-1', threadId: '' }
    await t.kill()
    const body = { address, kind: 'direct', messageId: 'm1', sender: { id: 'p' }, text: 'hello', attachments: [], mentionsUs: true, sentAt: 0 }
    await t.stores.inbound.accept({ id: 'in_1', address, messageId: 'm1', sessionKey: 'twin:twin-bot:chat-1::', sender: { id: 'p' }, body, mode: 'queue' })
    await t.begin()
    await t.until('the answer', () => t.texts().length > 0)
    expect(t.texts()).toEqual(['You said: hello'])
  })

  it('while it answers: the next one reports that once, and answers what waits', async () => {
    await using t = await openTestChats({ agent: slowAgent() })
    t.service.say('first')
    ;(await t.agent.next()).say('So far')
    t.service.say('second')
    await t.until('the second is taken', () => t.service.acknowledged.length === 2)
    await t.kill()
    await t.begin()
    const next = await t.agent.next()
    expect(next.request.messages.at(-1)!.content).toBe('second')
    next.say('Two.').finish()
    await t.until('both', () => t.texts().includes('Two.'))
    expect(t.texts().filter((text) => text.includes('cut this answer short'))).toHaveLength(1)
  })

  it('three times in a row while it answers one conversation: that one is set aside until somebody writes', async () => {
    await using t = await openTestChats({ agent: slowAgent() })
    for (let round = 1; round <= 3; round++) {
      t.service.say(`round ${round}`)
      await t.agent.next()
      await t.kill()
      await t.begin()
    }
    await t.until('the word', () => t.texts().some((text) => text.includes('set this conversation aside')))
    t.service.say('hello again')
    const next = await t.agent.next()
    expect(next.request.messages.map(({ content }) => content)).toEqual(['hello again'])
    next.finish()
  })

  it('between the end of a turn and the sending: the next one sends the answer, once', async () => {
    await using t = await openTestChats()
    await t.until('connected', () => t.service.connections === 1)
    t.service.refuse('server_error')
    t.service.say('hello')
    await t.until('a try', async () => (await t.stores.outbound.list({ state: 'pending', limit: 1 }))[0]?.attempts === 1)
    await t.kill()
    t.service.heal()
    await t.begin()
    await t.until('the answer', () => t.texts().length > 0)
    await t.clock.advance(10_000)
    expect(t.texts()).toEqual(['You said: hello'])
  })

  it('between the sending and its acknowledgement: the next one asks the platform, and sends nothing twice', async () => {
    await using t = await openTestChats({
      platform: (platform) => ({ ...platform, send: async (...args) => (await platform.send(...args), await new Promise<never>(() => {})) }),
    })
    t.service.say('hello')
    await t.until('it has left', () => t.texts().length === 1)
    await t.kill()
    await t.begin()
    await t.until('it is recorded', async () => (await t.stores.outbound.list({ state: 'sent', limit: 1 })).length === 1)
    expect(t.texts()).toEqual(['You said: hello'])
  })

  it('there, on a platform that cannot tell: the next one sends it again, and says that it may be a duplicate', async () => {
    let isFirst = true
    await using t = await openTestChats({
      platform({ find: _, ...platform }) {
        return {
          ...platform,
          async send(...args) {
            const sent = await platform.send(...args)
            if (isFirst) await new Promise<never>(() => {})
            return sent
          },
        }
      },
    })
    t.service.say('hello')
    await t.until('it has left', () => t.texts().length === 1)
    await t.kill()
    isFirst = false
    await t.begin()
    await t.until('the second', () => t.texts().length === 2)
    expect(t.texts()).toEqual(['You said: hello', 'You said: hello\n\n(this may be a duplicate)'])
  })
})

describe('a webhook', () => {
  const hook = { kind: 'thread', threadId: 'delivery-1', sender: { id: 'github', name: 'github', isBot: true }, isVouchedFor: true } as const

  it('is put to the agent as it was rendered, with nobody as its speaker', async () => {
    await using t = await openTestChats()
    t.service.say('An issue was opened.', hook)
    await t.until('the answer', () => t.texts().length > 0)
    expect(t.texts()).toEqual(['You said: An issue was opened.'])
  })

  it('has nobody who could let a tool run: it is told so at once, where the answer goes and to the agent', async () => {
    await using t = await openTestChats({ agent: slowAgent() })
    await t.stores.chats.seen({ platform: 'twin', account: 'twin-bot', chatId: 'ops', threadId: '' }, { kind: 'group' })
    t.service.say('An issue was opened.', { ...hook, delivery: { to: ['twin:ops'] } })
    const run = await t.agent.next()
    run.emit({ type: 'approval.requested', id: 'a', tool: 'shell', arguments: '{}' })
    expect(await run.request.approve!({ id: 'a', tool: 'shell', arguments: '{}' }, run.signal)).toBe('deny')
    expect(run.request.steer!()).toContain('nobody can be asked about a webhook')
    run.say('Done.').finish()
    await t.until('both', () => t.texts('ops').length === 2)
    expect(t.texts('ops')[0]).toBe('The tool `shell` did not run: it needs the word of a person, and nobody can be asked about a webhook.')
    expect(t.texts()).toEqual([])
  })
})
