import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { KEY, openTestCommands, type TestCommands } from '../../test/open-test-commands.ts'
import { echo, TestAgent } from '../../test/test-agent.ts'
import { textOf } from '../turns/agent-messages.ts'

checkForLeaks()

const sessionOf = async (test: TestCommands) => (await test.stores.routes.find(KEY()))!.sessionId

describe('commands that change the past', () => {
  it('take back exchanges, and the original stays as it was', async () => {
    await using test = await openTestCommands()
    for (const text of ['one', 'two', 'three']) await test.say(text)
    const original = await sessionOf(test)
    expect((await test.type('/undo')).text).toBe('Took back the last exchange, from: three')
    expect(await test.said()).toEqual(['user: one', 'assistant: You said: one', 'user: two', 'assistant: You said: two'])
    expect((await test.type('/undo 5')).text).toBe('Took back 2 exchanges, from: one')
    expect(await test.said()).toEqual([])
    expect((await test.type('/undo')).text).toBe('There is nothing to take back.')
    expect(await test.stores.sessions.get(original, { all: true })).toMatchObject({ messageCount: 6 })
  })

  it('ask the last question again, without its first answer', async () => {
    await using test = await openTestCommands()
    await test.say('one')
    await test.say('two')
    expect(await test.type('/retry')).toMatchObject({ ask: { text: 'two' } })
    expect(await test.said()).toEqual(['user: one', 'assistant: You said: one'])
  })

  it('summarise what was said but for the last exchanges, and keep the original', async () => {
    const agent = new TestAgent({
      play: (run) => (textOf(run.request.messages.at(-1)!.content).startsWith('Summarise') ? run.say('They spoke of boats.').finish() : echo(run)),
    })
    await using test = await openTestCommands({ agent })
    for (const text of ['boats '.repeat(200), 'two', 'three']) await test.say(text)
    const original = await sessionOf(test)
    const { text, sessionId } = await test.type('/compress 1')
    expect(text).toContain(`The original is session ${original}.`)
    expect(await test.said()).toEqual(['system: What was said before, summarised:\n\nThey spoke of boats.', 'user: three', 'assistant: You said: three'])
    expect(await test.stores.sessions.get(original, { all: true })).toMatchObject({ messageCount: 6, endReason: 'compression' })
    expect(await test.stores.sessions.get(sessionId!, { all: true })).toMatchObject({ parentSessionId: original })
    await test.say('four')
    expect(agent.runs.at(-1)!.request.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user'])
  })

  it('leave all as it was when the summary cannot be written, or there is nothing to summarise', async () => {
    const agent = new TestAgent({
      play: (run) => (textOf(run.request.messages.at(-1)!.content).startsWith('Summarise') ? run.fail('model_unavailable') : echo(run)),
    })
    await using test = await openTestCommands({ agent })
    await test.say('one')
    expect((await test.type('/compress')).text).toBe('There is not enough to summarise yet.')
    await test.say('two')
    const before = await sessionOf(test)
    expect((await test.type('/compress 1')).text).toContain('all is as it was: It is not there. (model_unavailable)')
    expect(await sessionOf(test)).toBe(before)
  })
})
