import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { descriptorsOf, expectSameDescriptors, until } from '@talaria/core/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPlatform, type OpenPlatform } from '../../../test/open-platform.ts'
import { SLACK, SlackServer } from '../../../test/servers/slack-server.ts'
import type { ChatAddress } from '../../chats/chat-address.ts'
import type { OutboundMessage } from '../../chats/outbound-message.ts'
import { slack } from './slack.ts'

const FULL = process.env['TALARIA_TEST_FULL'] === '1'
const never = new AbortController().signal
const direct: ChatAddress = { platform: 'slack', account: SLACK.bot, chatId: SLACK.direct, threadId: '' }
const inChannel = { channel: SLACK.channel, channel_type: 'channel' }

let server: SlackServer
let stack: AsyncDisposableStack

beforeEach(async () => {
  const before = await descriptorsOf()
  stack = new AsyncDisposableStack()
  stack.defer(() => expectSameDescriptors(before))
  server = stack.use(await SlackServer.start())
})
afterEach(() => stack.disposeAsync())

async function open(mode: 'socket' | 'http' = 'http', env: Record<string, string> = {}): Promise<OpenPlatform> {
  return stack.use(await openPlatform(slack, { env: { ...server.env(mode), ...env } }))
}

const message = (text: string, more: Partial<OutboundMessage> = {}): OutboundMessage => ({ id: `out_${text}`, address: direct, text, attachments: [], ...more })
const arrived = (opened: OpenPlatform, count = 1) => until('messages to arrive', 3_000, () => opened.received.length >= count && opened.received)
const deliver = async (opened: OpenPlatform, request: Request) => opened.attempt.mounted!(request)
const callback = (event: Record<string, unknown>) => ({ type: 'event_callback', event_id: 'Ev1', event })

test('by socket mode somebody writes and is answered; it is acknowledged once it was taken in', async () => {
  const taken = Promise.withResolvers<undefined>()
  const opened = stack.use(await openPlatform(slack, { env: server.env('socket'), receive: () => taken.promise }))
  server.push(server.written('hello &lt;you&gt;'))
  await opened.platform.probe(never)
  expect(server.acknowledged).toEqual([])
  taken.resolve(undefined)
  expect(await arrived(opened)).toMatchObject([{ address: direct, kind: 'direct', text: 'hello <you>', sender: { id: SLACK.person, isBot: false } }])
  await until('it is acknowledged', 2_000, () => server.acknowledged.length === 1)
  const { messageId } = await opened.platform.send(message('**hi**'), never)
  expect(server.messages.at(-1)).toMatchObject({ ts: messageId, text: '*hi*' })
})

test('what could not be written down comes again', async () => {
  let refusals = 1
  const receive = async () => {
    if (refusals-- > 0) throw new Error('the disk is full')
    return undefined
  }
  const opened = stack.use(await openPlatform(slack, { env: server.env('socket'), receive }))
  server.push(server.written('hello'))
  await until('it was refused', 2_000, () => refusals === 0)
  server.sendAgain()
  await arrived(opened)
  const overHttp = await open('http')
  expect((await deliver(overHttp, server.request(callback(server.written('over HTTP'))))).status).toBe(200)
})

test('an event that could not be written down is answered so that Slack sends it again', async () => {
  const opened = stack.use(await openPlatform(slack, { env: server.env('http'), receive: () => Promise.reject(new Error('the disk is full')) }))
  expect((await deliver(opened, server.request(callback(server.written('x'))))).status).toBe(503)
})

test('only what Slack itself calls a mention of us is one; a channel is answered in a thread', async () => {
  const opened = await open()
  const first = server.written(`<@${SLACK.bot}> why?`, inChannel)
  const events = [
    first,
    { ...first, type: 'app_mention' },
    server.written(`&lt;@${SLACK.bot}&gt; @talaria`, inChannel),
    server.written('and then', { ...inChannel, thread_ts: '1.000001', parent_user_id: SLACK.bot }),
    server.written('by a bot', { ...inChannel, bot_id: 'B1' }),
    server.written('ours', { ...inChannel, user: SLACK.bot }),
    server.written('changed', { ...inChannel, subtype: 'message_changed' }),
  ]
  for (const event of events) await deliver(opened, server.request(callback(event)))
  expect(
    opened.received.map(({ text, mentionsUs, kind, address, replyTo, sender }) => [
      text,
      mentionsUs,
      kind,
      address.threadId === '1.000001',
      replyTo?.isOurs,
      sender.isBot,
    ]),
  ).toEqual([
    ['why?', true, 'thread', false, undefined, false],
    [`<@${SLACK.bot}> @talaria`, false, 'thread', false, undefined, false],
    ['and then', false, 'thread', true, true, false],
    ['by a bot', false, 'thread', false, undefined, true],
  ])
  expect(opened.received[0]!.address.threadId).toBe(first['ts'])
  await opened.platform.send(message('because', { address: opened.received[0]!.address }), never)
  expect(server.messages.at(-1)).toMatchObject({ channel: SLACK.channel, thread_ts: first['ts'] })
})

test('channels and direct messages are listened to as set', async () => {
  const opened = await open('http', { SLACK_IGNORED_CHANNELS: 'C1', SLACK_FREE_RESPONSE_CHANNELS: SLACK.channel, SLACK_DISABLE_DMS: 'true' })
  for (const event of [server.written('direct'), server.written('ignored', { ...inChannel, channel: 'C1' }), server.written('free', inChannel)]) {
    await deliver(opened, server.request(callback(event)))
  }
  expect(opened.received).toMatchObject([{ text: 'free', mentionsUs: true, kind: 'group' }])
})

test.each([
  ['forged', { secret: 'another secret' }],
  ['five minutes old', { at: Date.now() - 400_000 }],
  ['of the future', { at: Date.now() + 400_000 }],
])('a request that is %s is refused unread', async (_, how) => {
  const opened = await open()
  expect((await deliver(opened, server.request(callback(server.written('x')), how))).status).toBe(401)
  expect((await deliver(opened, server.request({ type: 'url_verification', challenge: 'c' }, how))).status).toBe(401)
  expect(opened.received).toEqual([])
})

test('a request without a signature is refused, a changed one too, and a replayed one is one message', async () => {
  const opened = await open()
  const request = server.request(callback(server.written('pay 1')))
  const body = await request.clone().text()
  expect((await deliver(opened, new Request(request.url, { method: 'POST', body }))).status).toBe(401)
  expect((await deliver(opened, new Request(request.url, { method: 'POST', body: body.replace('pay 1', 'pay 9'), headers: request.headers }))).status).toBe(401)
  for (let times = 0; times < 2; times++) expect((await deliver(opened, request.clone())).status).toBe(200)
  expect(opened.received).toMatchObject([{ text: 'pay 1' }])
})

test('the address is verified, and nonsense with a signature is refused', async () => {
  const opened = await open()
  expect(await (await deliver(opened, server.request({ type: 'url_verification', challenge: 'c' }))).json()).toEqual({ challenge: 'c' })
  const nonsense = server.request(new URLSearchParams({ a: 'b' }))
  nonsense.headers.set('content-type', 'application/json')
  expect((await deliver(opened, nonsense)).status).toBe(400)
})

test('slash commands are messages, by both ways', async () => {
  const command = {
    command: '/talaria',
    text: 'status all',
    trigger_id: 't1',
    user_id: SLACK.person,
    user_name: 'ada',
    channel_id: SLACK.channel,
    channel_name: 'general',
  }
  const overHttp = await open()
  const answer = await deliver(overHttp, server.request(new URLSearchParams(command)))
  expect(await answer.json()).toEqual({ response_type: 'ephemeral', text: '`!status all`' })
  expect(overHttp.received).toMatchObject([{ text: '!status all', messageId: 't1', mentionsUs: true }])
  const bySocket = await open('socket')
  server.envelope('slash_commands', { ...command, command: '/new', text: '' })
  expect(await arrived(bySocket)).toMatchObject([{ text: '!new' }])
  await until('it is answered', 2_000, () => server.acknowledged.some(({ payload }) => (payload as { text?: string }).text === '`!new`'))
})

test('what a model writes calls nobody', async () => {
  const { platform } = await open()
  await platform.send(message('<!everyone> <@U1> <!subteam^S1> [x](<!here>)'), never)
  expect(String(server.messages.at(-1)!['text'])).not.toMatch(/<[!@]/)
})

test('a message whose outcome is unknown is found by its id, one that did not arrive is not', async () => {
  const { platform } = await open()
  server.faults.push({ on: 'chat.postMessage', how: 'drop' })
  await expect(platform.send(message('did it?'), never)).rejects.toMatchObject({ code: 'unknown_outcome' })
  expect(await platform.find!(message('did it?'), never)).toEqual({ messageId: server.messages.at(-1)!['ts'] })
  expect(await platform.find!(message('did it?', { id: 'out_another' }), never)).toBeUndefined()
})

test('messages are changed and marked', async () => {
  const { platform } = await open()
  const { messageId } = await platform.send(message('a'), never)
  await platform.edit!(direct, messageId, 'b & c', never)
  await platform.react!(direct, messageId, '👀', never)
  await platform.react!(direct, messageId, '✅', never)
  expect(server.messages.at(-1)).toMatchObject({ text: 'b &amp; c', reactions: [{ name: 'white_check_mark' }] })
  await platform.react!(direct, messageId, undefined, never)
  expect(server.messages.at(-1)).toMatchObject({ reactions: [] })
  await expect(platform.react!(direct, messageId, '🦄', never)).rejects.toMatchObject({ code: 'unsupported' })
})

test('files go and come, within limits and only from Slack', async () => {
  const opened = await open()
  const path = join(tmpdir(), `slack-${process.pid}.txt`)
  await writeFile(path, 'content')
  const sending = message('see', { attachments: [{ kind: 'document', path, name: 'a.txt', mediaType: 'text/plain' }] })
  const { messageId } = await opened.platform.send(sending, never)
  expect(server.messages.at(-1)).toMatchObject({ ts: messageId, text: 'see', files: [{ name: 'a.txt' }] })
  expect(String([...server.uploads.values()][0]!.bytes)).toBe('content')
  expect(await opened.platform.find!(sending, never)).toEqual({ messageId })
  server.files.set('/files/1', Buffer.from('the file'))
  const file = { name: 'v.png', mimetype: 'image/png', size: 8, url_private_download: `${server.url}/files/1` }
  await deliver(opened, server.request(callback(server.written('', { subtype: 'file_share', files: [file] }))))
  const attachment = opened.received[0]!.attachments[0]!
  expect(attachment).toMatchObject({ kind: 'image', name: 'v.png', size: 8 })
  expect(String(Buffer.from(await opened.platform.download!(attachment, { maxBytes: 8 }, never)))).toBe('the file')
  await expect(opened.platform.download!(attachment, { maxBytes: 7 }, never)).rejects.toMatchObject({ code: 'attachment_too_large' })
  await expect(opened.platform.download!({ ...attachment, ref: { url: 'http://127.0.0.1:9/x' } }, { maxBytes: 8 }, never)).rejects.toMatchObject({
    code: 'rejected',
  })
})

test.each([
  [
    { status: 429, headers: { 'retry-after': '3' } },
    { code: 'rate_limited', retryAfterMs: 3_000 },
  ],
  [{ error: 'token_revoked' }, { code: 'auth_failed' }],
  [{ error: 'missing_scope' }, { code: 'missing_permission' }],
  [{ error: 'is_archived' }, { code: 'forbidden' }],
  [{ error: 'channel_not_found' }, { code: 'chat_not_found' }],
  [{ error: 'something_new' }, { code: 'rejected' }],
  [{ status: 502 }, { code: 'server_error' }],
])('an answer of %j is a failure of ours', async (how, failure) => {
  const { platform } = await open()
  server.faults.push({ on: 'chat.postMessage', how })
  await expect(platform.send(message('x'), never)).rejects.toMatchObject(failure)
})

test('what is too long is said so, and a service that is gone was not reached', async () => {
  const { platform } = await open()
  await expect(platform.send(message('x'.repeat(3_901)), never)).rejects.toMatchObject({ code: 'too_long' })
  const { messageId } = await platform.send(message('x'), never)
  await expect(platform.edit!(direct, messageId, '&'.repeat(3_900), never)).rejects.toMatchObject({ code: 'too_long' })
  await server[Symbol.asyncDispose]()
  // A connection that was kept may still be written into once.
  await until(
    'nobody is reached',
    2_000,
    () => platform.send(message('x'), never).catch((error: { code: string }) => error.code === 'network') as Promise<boolean>,
  )
})

test.each(['hangs up', 'asks to come again'])('when Slack %s the attempt is over, as something to try again', async (how) => {
  const opened = await open('socket')
  if (how === 'hangs up') server.hangUp()
  else server.say({ type: 'disconnect', reason: 'refresh_requested' })
  expect(await opened.attempt.ended).toMatchObject({ code: 'connection_lost', policy: { connection: 'retryable' } })
})

test('failed attempts leave nothing open', async () => {
  const before = await descriptorsOf()
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const start = timers()
  const faults = [
    { on: 'auth.test', how: { error: 'invalid_auth' } },
    { on: 'apps.connections.open', how: { error: 'internal_error' } },
    { on: 'apps.connections.open', how: 'drop' },
  ] as const
  for (let round = 0; round < (FULL ? 1_000 : 30); round++) {
    server.faults.push(faults[round % faults.length]!)
    await expect(open('socket')).rejects.toMatchObject({ name: 'PlatformError' })
  }
  await until('timers are gone', 8_000, () => timers() <= start)
  await expectSameDescriptors(before)
}, 300_000)

test('settings that cannot work are told apart before anything is opened', () => {
  const plan = (settings: Partial<Parameters<typeof slack.plan>[0]>) => slack.plan(settings as Parameters<typeof slack.plan>[0]).state
  expect(plan({})).toBe('not_configured')
  expect(plan({ slackBotToken: 'xoxb-1' })).toBe('misconfigured')
  expect(plan({ slackBotToken: 'xoxp-1', slackAppToken: 'xapp-1' })).toBe('misconfigured')
  expect(plan({ slackBotToken: 'xoxb-1', slackAppToken: 'oops' })).toBe('misconfigured')
  expect(plan({ slackBotToken: 'xoxb-1', slackSigningSecret: 's' })).toBe('ready')
})
