import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { message, sessionNamed } from '../testing/gateway-records.ts'
import { openTestDatabases } from '../testing/open-test-databases.ts'
import { rejectionOf } from '../testing/rejection-of.ts'
import { countOf } from '../testing/rows-of.ts'
import { temporaryHome } from '../testing/temporary-home.ts'
import type { Session, Viewer } from './records.ts'
import type { SessionCursor, SessionReader } from './session-reader.ts'

checkForLeaks()

const me: Viewer = { owner: 'me' }
const other: Viewer = { owner: 'other' }
const root: Viewer = { all: true }

test('a session is as it was created, and as it was changed', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { sessions } = test.databases.gateway
  const created = await sessions.create(
    sessionNamed('ses_1', { userId: 'u', title: 'Tea', model: 'm', systemPrompt: 'Be brief.', parentSessionId: 'ses_0', metadata: { a: [1] } }),
  )
  expect(created).toEqual({
    id: 'ses_1',
    owner: 'me',
    source: 'api',
    userId: 'u',
    title: 'Tea',
    model: 'm',
    systemPrompt: 'Be brief.',
    parentSessionId: 'ses_0',
    createdAt: 1_000,
    updatedAt: 1_000,
    endedAt: null,
    endReason: null,
    pinned: false,
    archived: false,
    hidden: false,
    unread: false,
    messageCount: 0,
    toolCallCount: 0,
    usage: { inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedInputTokens: 0 },
    preview: null,
    metadata: { a: [1] },
  })
  expect(await sessions.get('ses_1', me)).toEqual(created)

  await clock.advance(500)
  const changed = await sessions.update('ses_1', me, { title: null, pinned: true, unread: true, endReason: 'user', metadata: { b: 2 } })
  expect(changed).toEqual({ ...created, title: null, pinned: true, unread: true, endReason: 'user', endedAt: 1_500, metadata: { b: 2 } })
  expect(await sessions.update('ses_1', me, {}), 'nothing to change').toEqual(changed)
})

test('an id is given once, also after its session was deleted', async () => {
  await using test = openTestDatabases()
  const { sessions } = test.databases.gateway
  expect(await sessions.exists('ses_1')).toBe(false)
  await sessions.create(sessionNamed('ses_1'))
  expect(await sessions.create(sessionNamed('ses_1', { owner: 'other' }))).toBeUndefined()
  expect(await sessions.delete('ses_1', me)).toBe(true)
  expect(await sessions.exists('ses_1')).toBe(true)
  expect(await sessions.create(sessionNamed('ses_1'))).toBeUndefined()
})

test('a deleted session is gone for everybody at once, and is deleted once', async () => {
  await using test = openTestDatabases()
  const { sessions } = test.databases.gateway
  await sessions.create(sessionNamed('ses_1'))
  expect(await sessions.delete('ses_1', me)).toBe(true)
  expect(await sessions.delete('ses_1', me)).toBe(false)
  expect(await sessions.get('ses_1', root)).toBeUndefined()
  expect(await sessions.list(root, { limit: 10 })).toEqual([])
  expect(await sessions.append('ses_1', root, [message('late')])).toBe(false)
  expect(await sessions.update('ses_1', root, { title: 'late' })).toBeUndefined()
})

/** @see https://github.com/NousResearch/hermes-agent/issues/7484 */
test('one owner’s sessions are invisible and untouchable to another; the root key sees all', async () => {
  await using test = openTestDatabases()
  const { sessions } = test.databases.gateway
  await sessions.create(sessionNamed('mine'))
  await sessions.create(sessionNamed('theirs', { owner: 'other' }))
  expect(await sessions.get('mine', other)).toBeUndefined()
  expect(await sessions.update('mine', other, { title: 'stolen' })).toBeUndefined()
  expect(await sessions.append('mine', other, [message('stolen')])).toBe(false)
  expect(await sessions.fork('mine', other, sessionNamed('copy', { owner: 'other' }))).toBeUndefined()
  expect(await sessions.delete('mine', other)).toBe(false)
  const idsFor = async (viewer: Viewer) => (await sessions.list(viewer, { limit: 10 })).map(({ id }) => id).toSorted()
  expect(await idsFor(me)).toEqual(['mine'])
  expect(await idsFor(other)).toEqual(['theirs'])
  expect(await idsFor(root)).toEqual(['mine', 'theirs'])
  expect(await sessions.get('mine', root)).toMatchObject({ messageCount: 0, title: null })
})

test('the list has pinned sessions first, then those in which something happened last, and keeps archived and hidden ones apart', async () => {
  const clock = new FakeClock()
  await using test = openTestDatabases({ clock })
  const { sessions } = test.databases.gateway
  for (const id of ['a', 'b', 'c', 'd', 'e']) {
    await sessions.create(sessionNamed(id, { source: id === 'c' ? 'telegram' : 'api', ...(id === 'b' && { parentSessionId: 'a' }) }))
    await clock.advance(10)
  }
  await sessions.append('b', me, [message('news')])
  await sessions.update('a', me, { pinned: true })
  await sessions.update('d', me, { archived: true })
  await sessions.update('e', me, { hidden: true })
  const ids = async (query: Omit<Parameters<SessionReader['list']>[1], 'limit'>) => (await sessions.list(me, { limit: 10, ...query })).map(({ id }) => id)
  expect(await ids({})).toEqual(['a', 'b', 'c'])
  expect(await ids({ archived: true })).toEqual(['d'])
  expect(await ids({ hidden: true })).toEqual(['e'])
  expect(await ids({ source: 'telegram' })).toEqual(['c'])
  expect(await ids({ parentSessionId: 'a' })).toEqual(['b'])
})

test('pages neither repeat nor skip a session, though all have the same time and new ones arrive in between', async () => {
  const clock = new FakeClock()
  await using test = openTestDatabases({ clock })
  const { sessions } = test.databases.gateway
  const ids = Array.from({ length: 25 }, (_, i) => `ses_${String(i).padStart(2, '0')}`)
  await Promise.all(ids.map((id) => sessions.create(sessionNamed(id))))
  await Promise.all(ids.slice(3, 10).map((id) => sessions.update(id, me, { pinned: true })))
  const expected = (await sessions.list(me, { limit: 100 })).map(({ id }) => id)
  expect(expected.slice(0, 7)).toEqual(ids.slice(3, 10).toReversed())
  await clock.advance(1)

  const seen: string[] = []
  for (let after: SessionCursor | undefined; ;) {
    const page: readonly Session[] = await sessions.list(me, { limit: 4, ...(after && { after }) })
    seen.push(...page.map(({ id }) => id))
    await sessions.create(sessionNamed(`new_${seen.length}`))
    after = page.at(-1)
    if (page.length < 4) break
  }
  expect(seen.filter((id) => !id.startsWith('new'))).toEqual(expected)
  expect(new Set(seen).size).toBe(seen.length)
})

test('messages keep their order, count in their session, and give it its preview', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { sessions } = test.databases.gateway
  await sessions.create(sessionNamed('ses_1'))
  const calls = [{ id: 'call_1', name: 'clock', arguments: '{}' }]
  const said = [
    message('What time is it?', { parts: [{ type: 'text', text: 'What time is it?' }] }),
    message('', { role: 'assistant', toolCalls: calls, reasoning: 'hm', finishReason: 'tool_calls' }),
    message('noon', { role: 'tool', toolCallId: 'call_1', toolName: 'clock' }),
    message(`It is noon. ${'Really. '.repeat(100)}`, { role: 'assistant' }),
    message('', { role: 'assistant' }),
  ]
  await clock.advance(1_000)
  expect(await sessions.append('ses_1', me, said)).toBe(true)
  const stored = await sessions.messages('ses_1', { limit: 10, order: 'oldest' })
  expect(stored).toMatchObject([
    { content: 'What time is it?', parts: [{ type: 'text', text: 'What time is it?' }], toolCalls: null, turnId: null, createdAt: 2_000 },
    { content: '', toolCalls: calls, reasoning: 'hm', finishReason: 'tool_calls', parts: null },
    { content: 'noon', role: 'tool', toolCallId: 'call_1', toolName: 'clock' },
    { role: 'assistant' },
    { role: 'assistant', content: '' },
  ])
  const session = await sessions.get('ses_1', me)
  expect(session).toMatchObject({ messageCount: 5, toolCallCount: 1, updatedAt: 2_000 })
  expect(session!.preview).toBe(said[3]!.content.slice(0, 200))
})

test('a preview does not end in half a character', async () => {
  await using test = openTestDatabases()
  const { sessions } = test.databases.gateway
  await sessions.create(sessionNamed('ses_1'))
  await sessions.append('ses_1', me, [message(`${'x'.repeat(199)}😀`)])
  expect((await sessions.get('ses_1', me))!.preview).toMatch(/^x{199}\ufffd?$/)
})

test('messages are read by pages from either end, and a page is in the order in which they were said', async () => {
  await using test = openTestDatabases()
  const { sessions } = test.databases.gateway
  await sessions.create(sessionNamed('ses_1'))
  await sessions.create(sessionNamed('ses_2'))
  for (let i = 0; i < 10; i++) {
    await sessions.append('ses_1', me, [message(`m${i}`)])
    await sessions.append('ses_2', me, [message(`other ${i}`)])
  }
  const page = async (query: Parameters<SessionReader['messages']>[1]) => sessions.messages('ses_1', query)
  const texts = async (query: Parameters<SessionReader['messages']>[1]) => (await page(query)).map(({ content }) => content)
  expect(await texts({ limit: 3, order: 'oldest' })).toEqual(['m0', 'm1', 'm2'])
  expect(await texts({ limit: 3, order: 'latest' })).toEqual(['m7', 'm8', 'm9'])
  const [, , third] = await page({ limit: 3, order: 'oldest' })
  expect(await texts({ limit: 3, order: 'oldest', after: third!.position })).toEqual(['m3', 'm4', 'm5'])
  expect(await texts({ limit: 2, order: 'latest', before: third!.position })).toEqual(['m0', 'm1'])
})

test('a fork begins with a copy of the messages, up to a position, and both go on alone', async () => {
  await using test = openTestDatabases()
  const { sessions } = test.databases.gateway
  await sessions.create(sessionNamed('ses_1', { title: 'Original' }))
  const calls = [{ id: 'call_1', name: 'clock', arguments: '{}' }]
  await sessions.append('ses_1', me, [message('a'), message('b', { role: 'assistant', toolCalls: calls }), message('c')])
  const [, b] = await sessions.messages('ses_1', { limit: 3, order: 'oldest' })
  const fork = await sessions.fork('ses_1', me, sessionNamed('ses_2', { title: 'Fork' }), { upTo: b!.position })
  expect(fork).toMatchObject({ id: 'ses_2', title: 'Fork', parentSessionId: 'ses_1', messageCount: 2, toolCallCount: 1, preview: 'b' })
  await sessions.append('ses_2', me, [message('only in the fork')])
  const said = async (id: string) =>
    (await sessions.messages(id, { limit: 10, order: 'oldest' })).map(({ content, toolCalls }) => (toolCalls ? `${content} with calls` : content))
  expect(await said('ses_1')).toEqual(['a', 'b with calls', 'c'])
  expect(await said('ses_2')).toEqual(['a', 'b with calls', 'only in the fork'])
  expect(await sessions.fork('ses_1', me, sessionNamed('ses_2')), 'the id is taken').toBeUndefined()
  expect(await sessions.fork('nowhere', me, sessionNamed('ses_3'))).toBeUndefined()
})

test('a long session is forked in steps between which others write, and the fork is seen by nobody until it is whole', async () => {
  await using test = openTestDatabases()
  const { gateway } = test.databases
  const { sessions } = gateway
  await sessions.create(sessionNamed('long'))
  for (let i = 0; i < 5; i++)
    await sessions.append(
      'long',
      me,
      Array.from({ length: 200 }, (_, n) => message(`m${i * 200 + n}`)),
    )
  let isDone = false
  const forking = sessions.fork('long', me, sessionNamed('copy')).finally(() => (isDone = true))
  let looks = 0
  while (!isDone) {
    const seen = await sessions.get('copy', root)
    const listed = await sessions.list(root, { limit: 10 })
    if (isDone) break
    looks++
    expect(seen).toBeUndefined()
    expect(listed.map(({ id }) => id)).toEqual(['long'])
    await sessions.update('long', me, { unread: true })
  }
  expect(looks, 'others had their turn').toBeGreaterThan(2)
  expect(await forking).toMatchObject({ messageCount: 1_000 })
  expect(countOf(test.file, 'message')).toBe(2_000)
})

test('a fork that was interrupted is never seen, and is cleared away an hour later', async () => {
  using home = temporaryHome()
  const clock = new FakeClock()
  const file = home.file('gateway.db')
  {
    const { databases } = openTestDatabases({ file, clock })
    const { sessions } = databases.gateway
    await sessions.create(sessionNamed('ses_1'))
    for (let i = 0; i < 10; i++)
      await sessions.append(
        'ses_1',
        me,
        Array.from({ length: 200 }, (_, n) => message(`m${n}`)),
      )
    const interruption = rejectionOf(sessions.fork('ses_1', me, sessionNamed('copy')))
    while (countOf(file, 'message') === 2_000) await new Promise((resolve) => setImmediate(resolve))
    await databases.close()
    expect(await interruption).toMatchObject({ code: 'CLOSED' })
  }
  const copied = countOf(file, 'message') - 2_000
  expect(copied).toBeGreaterThan(0)
  expect(copied).toBeLessThan(2_000)

  await using test = openTestDatabases({ file, clock })
  const { sessions, retention } = test.databases.gateway
  expect(await sessions.get('copy', root)).toBeUndefined()
  const keep = { sessionsMs: undefined, runsMs: undefined }
  await retention.sweep(keep)
  expect(countOf(file, 'message'), 'it might still be under way').toBe(2_000 + copied)
  await clock.advance(60 * 60_000 + 1)
  await retention.sweep(keep)
  expect(countOf(file, 'message')).toBe(2_000)
  expect(countOf(file, 'session')).toBe(1)
})
