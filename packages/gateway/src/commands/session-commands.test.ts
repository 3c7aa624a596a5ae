import { readFile } from 'node:fs/promises'
import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { KEY, openTestCommands } from '../../test/open-test-commands.ts'
import { TestAgent } from '../../test/test-agent.ts'

checkForLeaks()

describe('commands about conversations', () => {
  it('begin a new one, which ends what is being answered and what waits, and keep the old one', async () => {
    await using test = await openTestCommands({ agent: new TestAgent() })
    const live = await test.ask('one')
    await test.agent.next()
    const waiting = await test.enqueue('two')
    const { sessionId } = await test.type('/new Plans')
    expect((await live.settled).turn).toMatchObject({ status: 'cancelled', error: { code: 'session_reset' } })
    expect(await test.stores.inbound.get(waiting)).toMatchObject({ state: 'discarded' })
    expect(await test.stores.routes.find(KEY())).toMatchObject({ sessionId })
    expect(await test.said()).toEqual([])
    expect((await test.type('/title')).text).toBe('Plans')
    expect(await test.stores.sessions.get(live.turn.sessionId, { all: true })).toMatchObject({ messageCount: 1 })
  })

  it('list, and resume by number, id or title, only those of who asks', async () => {
    await using test = await openTestCommands()
    await test.say('about boats')
    await test.type('/title Boats')
    await test.say('a secret', { user: 'eve' })
    const secret = (await test.stores.routes.find(KEY('eve')))!.sessionId
    await test.type('/new')
    await test.say('about birds')
    const list = (await test.type('/sessions')).text
    expect(list).toMatch(/^1\. .*birds.*\(this one\)/)
    expect(list).toMatch(/^2\. Boats/m)
    expect(list).not.toContain('secret')
    expect((await test.type('/resume boats')).text).toBe('Back in: Boats')
    expect(await test.said()).toContain('user: about boats')
    expect((await test.type('/resume 2')).text).toContain('Back in')
    for (const foreign of [secret, 'a secret']) expect((await test.type(`/resume ${foreign}`)).text).toContain('no such conversation')
  })

  it('resume the one before when none is named, and one that was set aside where it is', async () => {
    await using test = await openTestCommands()
    await test.say('one')
    await test.type('/title First')
    await test.type('/new')
    expect((await test.type('/resume')).text).toBe('Back in: First')
    await test.stores.routes.suspend(KEY())
    expect((await test.type('/status')).text).toContain('Suspended')
    expect((await test.type('/resume')).text).toBe('On with: First')
    expect(await test.stores.routes.find(KEY())).toMatchObject({ suspendedAt: null })
  })

  it('branch into a copy, after which both go their own ways', async () => {
    await using test = await openTestCommands()
    await test.say('one')
    const before = (await test.stores.routes.find(KEY()))!.sessionId
    const { sessionId } = await test.type('/branch Other')
    await test.say('two')
    expect(await test.said()).toEqual(['user: one', 'assistant: You said: one', 'user: two', 'assistant: You said: two'])
    expect(await test.stores.sessions.get(before, { all: true })).toMatchObject({ messageCount: 2 })
    expect(await test.stores.sessions.get(sessionId!, { owner: 'twin:bot:ada' })).toMatchObject({ title: 'Other', parentSessionId: before, source: 'twin' })
  })

  it('give a conversation as a file, to read or for programs', async () => {
    await using test = await openTestCommands()
    await test.say('one')
    const [markdown] = (await test.type('/save')).attachments!
    expect(markdown).toMatchObject({ mediaType: 'text/markdown', kind: 'document' })
    expect(await readFile(markdown!.path, 'utf8')).toMatch(/## user, .*\n\none\n\n## assistant, .*\n\nYou said: one\n/)
    const [json] = (await test.type('/save json')).attachments!
    expect(JSON.parse(await readFile(json!.path, 'utf8')).messages).toMatchObject([{ role: 'user', content: 'one' }, { role: 'assistant' }])
  })

  it('say that nothing has been said yet where that is so', async () => {
    await using test = await openTestCommands()
    for (const command of ['/undo', '/retry', '/compress', '/branch', '/save', '/title', '/usage', '/yolo', '/footer', '/reasoning'])
      expect((await test.type(command)).text, command).toBe('Nothing has been said here yet.')
    expect((await test.type('/sessions')).text).toBe('There are no conversations yet.')
  })
})
