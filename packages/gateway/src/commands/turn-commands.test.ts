import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { KEY, openTestCommands, type TestCommands } from '../../test/open-test-commands.ts'
import { TestAgent, type TestRun } from '../../test/test-agent.ts'

checkForLeaks()

async function openAnswering(): Promise<{ readonly test: TestCommands; readonly run: TestRun; readonly settled: Promise<unknown> }> {
  const test = await openTestCommands({ agent: new TestAgent() })
  const live = await test.ask('one')
  return { test, run: await test.agent.next(), settled: live.settled }
}

const ask = (run: TestRun, id: string) => {
  run.emit({ type: 'approval.requested', id, tool: 'shell', arguments: `{"command":"ls ${id}"}` })
  return run.request.approve!({ id, tool: 'shell', arguments: '{}' }, run.signal)
}

describe('commands while an answer is being written', () => {
  it('stop it, and discard what waits behind it', async () => {
    const { test, settled } = await openAnswering()
    await using _ = test
    await test.enqueue('two')
    expect((await test.type('/stop')).text).toBe('Stopped. Discarded what waited: 1.')
    expect(await settled).toMatchObject({ turn: { status: 'cancelled' } })
    expect(await test.stores.inbound.count(KEY())).toBe(0)
    expect((await test.type('/stop')).text).toBe('Nothing is being answered here.')
  })

  it('stop only the answer in the conversation of who types', async () => {
    const { test, run, settled } = await openAnswering()
    await using _ = test
    expect((await test.type('/stop', { user: 'eve' })).text).toBe('Nothing is being answered here.')
    run.say('done').finish()
    expect(await settled).toMatchObject({ turn: { status: 'completed' } })
  })

  it('steer it, and are a message of their own when there is none', async () => {
    const { test, run, settled } = await openAnswering()
    await using _ = test
    expect(await test.type('/steer only in French')).toEqual({ text: 'Passed on.' })
    expect(run.request.steer!()).toBe('only in French')
    run.say('Oui').finish()
    await settled
    expect(await test.type('/steer and again')).toMatchObject({ ask: { text: 'and again' } })
  })

  it('show, add to and clear the queue', async () => {
    await using test = await openTestCommands()
    expect((await test.type('/queue')).text).toBe('Nothing waits to be answered here.')
    await test.enqueue('first\nwith more')
    await test.enqueue('')
    expect((await test.type('/q list')).text).toBe('1. first with more\n2. (a file)')
    expect(await test.type('/queue add  tests')).toEqual({ text: 'Queued.', ask: { text: 'tests' } })
    expect(await test.type('/queue clear the table')).toEqual({ text: 'Queued.', ask: { text: 'clear the table' } })
    expect((await test.type('/queue add')).text).toContain('Add what?')
    expect((await test.type('/queue clear', { user: 'eve' })).text).toBe('Nothing waits to be answered here.')
    expect((await test.type('/queue clear')).text).toBe('Discarded what waited: 2.')
  })

  it('ask beside the conversation, each time in another one', async () => {
    await using test = await openTestCommands()
    const [one, other] = [await test.type('/background count the stars'), await test.type('/bg count them again')]
    expect(one.ask).toMatchObject({ text: 'count the stars', sessionKey: expect.stringMatching(`^${KEY()}:bg_`) })
    expect(other.ask!.sessionKey).not.toBe(one.ask!.sessionKey)
  })
})

describe('commands to tools that ask', () => {
  it('show who asks, and let them run once, all, or none', async () => {
    const { test, run, settled } = await openAnswering()
    await using _ = test
    expect((await test.type('/approve')).text).toBe('No tool waits for your word.')
    const first = ask(run, 'a')
    await expect.poll(async () => (await test.type('/approvals')).text).toContain('shell: {"command":"ls a"}')
    await expect.poll(async () => (await test.type('/approve')).text).toBe('Approved.')
    expect(await first).toBe('allow')
    run.emit({ type: 'approval.answered', id: 'a', choice: 'allow' })
    await expect.poll(async () => (await test.type('/approvals')).text).toBe('No tool waits for your word.')

    const both = Promise.all([ask(run, 'b'), ask(run, 'c')])
    await expect.poll(async () => (await test.type('/approvals')).text).toMatch(/ls b[^]*ls c/)
    expect((await test.type('/approve all', { user: 'eve' })).text).toBe('No tool waits for your word.')
    await expect.poll(async () => (await test.type('/deny all')).text).toBe('Denied (2).')
    expect(await both).toEqual(['deny', 'deny'])

    const told = ask(run, 'd')
    await expect.poll(async () => (await test.type('/deny use the other folder')).text).toBe('Denied.')
    expect(await told).toBe('deny')
    expect(run.request.steer!()).toBe('use the other folder')
    run.finish()
    await settled
  })

  it('let a tool run for the rest of the conversation', async () => {
    const { test, run, settled } = await openAnswering()
    await using _ = test
    const first = ask(run, 'a')
    await expect.poll(async () => (await test.type('/approve session')).text).toBe('Approved.')
    expect(await first).toBe('allow')
    expect(await ask(run, 'b')).toBe('allow')
    run.finish()
    await settled
  })

  it('are implied by plain words while a tool asks, of who talks there, and by nothing that says more', async () => {
    const { test, run, settled } = await openAnswering()
    await using _ = test
    expect(await test.implied('yes'), 'nothing asks').toBeUndefined()
    const asked = ask(run, 'a')
    await expect.poll(() => test.implied('Yes ')).toBe('/approve')
    expect(await test.implied('yes', { prefix: '!' })).toBe('!approve')
    for (const words of ['approve', 'allow', 'once']) expect(await test.implied(words)).toBe('/approve')
    for (const words of ['always', 'session']) expect(await test.implied(words)).toBe('/approve session')
    for (const words of ['no', 'DENY']) expect(await test.implied(words)).toBe('/deny')
    for (const words of ['yes, but in French', 'nope', 'constructor', '']) expect(await test.implied(words), words).toBeUndefined()
    expect(await test.implied('yes', { user: 'eve' }), 'it asks somebody else').toBeUndefined()
    expect(await test.implied('yes', { isVouchedFor: true }), 'a webhook').toBeUndefined()
    await test.type('/approve')
    expect(await asked).toBe('allow')
    expect(await test.implied('yes'), 'it has its answer').toBeUndefined()
    run.finish()
    await settled
  })
})
