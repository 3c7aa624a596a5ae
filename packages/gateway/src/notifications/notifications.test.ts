import { expect, test } from 'vitest'
import { openTestChats, type TestChats } from '../../test/open-test-chats.ts'

const CHAT = { platform: 'twin', account: 'twin-bot', chatId: 'chat-1', threadId: '' }

const message = (text: string, files: readonly { readonly name: string; readonly bytes: Uint8Array }[] = []) => ({ text, files: async () => files })

/** The session of the chat in which somebody has said something. */
async function sessionOf(t: TestChats): Promise<string> {
  t.service.say('hello')
  await t.until('the answer', () => t.texts().length === 1)
  return (await t.stores.routes.find('twin:twin-bot:chat-1::'))!.sessionId
}

const said = (t: TestChats) => t.agent.runs.map(({ request }) => request.messages.at(-1)!.content)

test('what is told under one id is said once, whatever is told under it again and by whom', async () => {
  await using t = await openTestChats()
  await t.notifications.tell(CHAT, message('✔ #1 done'), 'b:s:1')
  await t.notifications.tell(CHAT, message('another text, cut elsewhere'), 'b:s:1')
  await t.kill()
  await t.begin()
  await t.notifications.tell(CHAT, message('✔ #1 done'), 'b:s:1')
  await Promise.all([t.notifications.tell(CHAT, message('✔ #2 done'), 'b:s:2'), t.notifications.tell(CHAT, message('✔ #2 done'), 'b:s:2')])
  await t.until('both', () => t.texts().length === 2)
  await t.clock.advance(5_000)
  expect(t.texts()).toEqual(['✔ #1 done', '✔ #2 done'])
})

test('files go along after the text, under their own names', async () => {
  await using t = await openTestChats()
  await t.notifications.tell(CHAT, message('✔ #1 done', [{ name: 'chart.png', bytes: Buffer.from('PNG') }]), 'b:s:1')
  await t.until('the file', () => t.service.sent.length === 2)
  expect(t.service.sent.map(({ text, files }) => [text, files.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()])])).toEqual([
    ['✔ #1 done', []],
    ['', [['chart.png', 'PNG']]],
  ])
})

test('a platform that there is not is refused, so that whoever tells knows', async () => {
  await using t = await openTestChats()
  await expect(t.notifications.tell({ ...CHAT, platform: 'pigeon' }, message('hi'), 'b:s:1')).rejects.toMatchObject({ code: 'unknown_platform' })
})

test('the conversation that asked is woken once: it knows what came before, and its answer is no reply', async () => {
  await using t = await openTestChats()
  const sessionId = await sessionOf(t)
  expect(await t.notifications.wake({ ...CHAT, sessionId }, '/stop is what the summary says', 'b:s:1')).toBe(true)
  await t.notifications.wake({ ...CHAT, sessionId }, '/stop is what the summary says', 'b:s:1')
  await t.until('the answer', () => t.texts().length === 2)
  await t.clock.advance(5_000)
  expect(t.service.sent[1]).toMatchObject({ text: 'You said: /stop is what the summary says' })
  expect(t.service.sent[1]!.replyTo).toBeUndefined()
  expect(t.agent.runs[1]!.request).toMatchObject({ sessionId, messages: [{ content: 'hello' }, {}, { content: '/stop is what the summary says' }] })
})

test('a chat is woken by its address alone, and one that nobody has spoken in is not', async () => {
  await using t = await openTestChats()
  await sessionOf(t)
  expect(await t.notifications.wake(CHAT, 'woken', 'b:s:1')).toBe(true)
  expect(await t.notifications.wake({ ...CHAT, chatId: 'silent' }, 'woken', 'b:s:2')).toBe(false)
  await t.until('the answer', () => t.texts().length === 2)
  expect(said(t)).toEqual(['hello', 'woken'])
})

test('what was accepted before a crash wakes the conversation after it', async () => {
  await using t = await openTestChats()
  const sessionId = await sessionOf(t)
  await t.notifications.wake({ ...CHAT, sessionId }, 'woken', 'b:s:1')
  await t.kill()
  await t.begin()
  await t.notifications.wake({ ...CHAT, sessionId }, 'woken', 'b:s:1')
  await t.until('the answer', () => t.texts().length === 2)
  await t.clock.advance(5_000)
  expect(t.texts()).toEqual(['You said: hello', 'You said: woken'])
})

test('a session of the HTTP API is woken once, and one that there is not is refused', async () => {
  await using t = await openTestChats()
  await t.stores.sessions.create({ id: 'ses_api', owner: 'key:ci', source: 'api' })
  await t.notifications.wake({ sessionId: 'ses_api' }, 'woken', 'b:s:1')
  await t.notifications.wake({ sessionId: 'ses_api' }, 'woken', 'b:s:1')
  await t.kill()
  await t.begin()
  await t.notifications.wake({ sessionId: 'ses_api' }, 'woken', 'b:s:1')
  await t.clock.advance(5_000)
  expect(said(t)).toEqual(['woken'])
  await expect(t.notifications.wake({ sessionId: 'ses_gone' }, 'woken', 'b:s:2')).rejects.toMatchObject({ code: 'session_not_found' })
})

test('a turn that could not begin leaves its id free for the next try', async () => {
  await using t = await openTestChats()
  await t.stores.sessions.create({ id: 'ses_api', owner: 'key:ci', source: 'api' })
  const { idempotency } = t.stores
  await idempotency.claim({
    scope: 'notification',
    key: 'b:s:1',
    fingerprint: 'b:s:1',
    claim: 'c',
    runner: 'runner_gone',
    createdAt: t.clock.now(),
    expiresAt: t.clock.now() + 1_000,
  })
  await expect(t.notifications.wake({ sessionId: 'ses_api' }, 'woken', 'b:s:1')).rejects.toMatchObject({ code: 'session_being_woken' })
  await t.notifications.wake({ sessionId: 'ses_api' }, 'woken', 'b:s:1')
  await t.clock.advance(1_000)
  expect(said(t)).toEqual(['woken'])
})
