import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { descriptorsOf, expectSameDescriptors, until } from '@talaria/core/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPlatform, type OpenPlatform } from '../../../test/open-platform.ts'
import { DISCORD, DiscordServer, person } from '../../../test/servers/discord-server.ts'
import type { ChatAddress } from '../../chats/chat-address.ts'
import type { OutboundMessage } from '../../chats/outbound-message.ts'
import { discord } from './discord.ts'

const FULL = process.env['TALARIA_TEST_FULL'] === '1'
const never = new AbortController().signal
const direct: ChatAddress = { platform: 'discord', account: DISCORD.bot, chatId: DISCORD.direct, threadId: '' }
const general: ChatAddress = { ...direct, chatId: DISCORD.general }

let server: DiscordServer
let stack: AsyncDisposableStack

beforeEach(async () => {
  const before = await descriptorsOf()
  stack = new AsyncDisposableStack()
  stack.defer(() => expectSameDescriptors(before))
  server = stack.use(await DiscordServer.start())
})
afterEach(() => stack.disposeAsync())

async function open(env: Record<string, string> = {}): Promise<OpenPlatform> {
  return stack.use(await openPlatform(discord, { env: { ...server.env, ...env } }))
}

const message = (text: string, more: Partial<OutboundMessage> = {}): OutboundMessage => ({ id: `out_${text}`, address: direct, text, attachments: [], ...more })
const arrived = (opened: OpenPlatform, count = 1) => until('messages to arrive', 3_000, () => opened.received.length >= count && opened.received)

test('somebody writes directly, and is answered', async () => {
  const opened = await open()
  const written = server.write({ channel: DISCORD.direct, direct: true, text: 'hello' })
  const [inbound] = await arrived(opened)
  expect(inbound).toMatchObject({ address: direct, kind: 'direct', text: 'hello', messageId: written['id'], sender: { id: DISCORD.person, name: 'Ada' } })
  const { messageId } = await opened.platform.send(message('hi there', { replyTo: String(written['id']), silent: true }), never)
  expect(server.messages.at(-1)).toMatchObject({ id: messageId, content: 'hi there' })
  expect(server.requests.at(-1)!.body).toMatchObject({ message_reference: { message_id: written['id'] }, flags: 4096 })
})

test('what a model writes calls nobody', async () => {
  const { platform } = await open()
  const { messageId } = await platform.send(message('@everyone <@&250000000000000001>'), never)
  await platform.edit!(direct, messageId, '@here', never)
  for (const { body } of server.requests.slice(-2)) expect(body['allowed_mentions']).toEqual({ parse: [], replied_user: false })
})

test('only what Discord itself calls a mention of us is one', async () => {
  const opened = await open()
  server.write({ text: `<@${DISCORD.bot}> @talaria please` })
  server.write({ text: `<@${DISCORD.bot}> really`, mentions: [DISCORD.bot] })
  server.write({ text: 'yes', more: { type: 19, referenced_message: { id: '1', author: { id: DISCORD.bot }, content: 'shall I?' } } })
  expect((await arrived(opened, 3)).map(({ mentionsUs, text }) => [mentionsUs, text])).toEqual([
    [false, '@talaria please'],
    [true, 'really'],
    [true, 'yes'],
  ])
})

test('a mention in a channel is answered in a thread that begins with it, once there is an answer', async () => {
  const opened = await open()
  const written = server.write({ text: 'why?', mentions: [DISCORD.bot] })
  const [inbound] = await arrived(opened)
  expect(inbound).toMatchObject({ kind: 'thread', address: { chatId: DISCORD.general, threadId: written['id'] }, sender: { roles: [DISCORD.role] } })
  expect(server.threads.has(String(written['id']))).toBe(false)
  await opened.platform.send(message('because', { address: inbound!.address, replyTo: String(written['id']) }), never)
  expect(server.messages.at(-1)).toMatchObject({ channel_id: written['id'], content: 'because' })
  expect(server.requests.at(-1)!.body).not.toHaveProperty('message_reference')
})

test('threads belong to their channel; ignored channels and webhooks are heard of as set', async () => {
  const opened = await open({ DISCORD_IGNORED_CHANNELS: DISCORD.forum, DISCORD_FREE_RESPONSE_CHANNELS: DISCORD.general })
  server.write({ channel: DISCORD.forum, text: 'ignored' })
  server.write({ channel: DISCORD.thread, text: 'in a thread' })
  server.write({ text: 'from a webhook', more: { webhook_id: '5' } })
  server.write({ text: 'free' })
  const received = await arrived(opened, 3)
  expect(received.map(({ text, kind, mentionsUs, sender }) => [text, kind, mentionsUs, sender.isBot])).toEqual([
    ['in a thread', 'thread', true, false],
    ['from a webhook', 'thread', false, true],
    ['free', 'group', true, false],
  ])
  expect(received[0]!.address).toMatchObject({ chatId: DISCORD.general, threadId: DISCORD.thread })
})

test('a message whose outcome is unknown is sent again and there once', async () => {
  const { platform } = await open()
  server.faults.push({ on: `POST /channels/${DISCORD.direct}/messages`, how: 'drop' })
  const { messageId } = await platform.send(message('once'), never)
  expect(server.messages.filter(({ content }) => content === 'once')).toMatchObject([{ id: messageId }])
  expect(server.requests.filter(({ body }) => body['content'] === 'once')).toHaveLength(2)
})

test('a message that arrived unnoticed is found, one that did not is not', async () => {
  const opened = await open()
  await opened.platform.send(message('same'), never)
  expect(await opened.platform.find!(message('same', { id: 'out_other' }), never)).toBeUndefined()
  const unseen = server.write({ channel: DISCORD.direct, direct: true, text: 'late', from: { ...person(), id: DISCORD.bot }, unseen: true })
  expect(await opened.platform.find!(message('late'), never)).toEqual({ messageId: unseen['id'] })
})

test('reactions replace each other and can be taken away; typing is shown', async () => {
  const { platform } = await open()
  const { messageId } = await platform.send(message('look'), never)
  await platform.react!(direct, messageId, '👀', never)
  await platform.react!(direct, messageId, '✅', never)
  expect(server.messages.at(-1)!['reactions']).toMatchObject([{ emoji: { name: '✅' } }])
  await platform.react!(direct, messageId, undefined, never)
  expect(server.messages.at(-1)!['reactions']).toEqual([])
  await platform.typing!(direct, never)
  expect(server.requests.at(-1)).toMatchObject({ method: 'POST', path: `/channels/${DISCORD.direct}/typing` })
})

test('a message to a forum is a post, and can be edited', async () => {
  const { platform } = await open()
  const address = { ...general, chatId: DISCORD.forum }
  const { messageId } = await platform.send(message('News of today', { address }), never)
  await platform.edit!(address, messageId, 'News of tomorrow', never)
  expect(server.messages.at(-1)).toMatchObject({ id: messageId, channel_id: messageId, content: 'News of tomorrow' })
})

test('files go and come, within limits and only from Discord', async () => {
  const opened = await open()
  const path = join(tmpdir(), `discord-${process.pid}.txt`)
  await writeFile(path, 'content')
  await opened.platform.send(message('see', { attachments: [{ kind: 'document', path, name: 'a.txt', mediaType: 'text/plain' }] }), never)
  expect(server.requests.at(-1)!.files).toMatchObject([{ name: 'a.txt' }])
  server.files.set('1', Buffer.from('the file'))
  const url = `http://127.0.0.1:${server.port}/api/files/1`
  server.write({
    channel: DISCORD.direct,
    direct: true,
    text: '',
    more: { flags: 8192, attachments: [{ id: '1', url, filename: 'v.ogg', content_type: 'audio/ogg', size: 8 }] },
  })
  const attachment = (await arrived(opened))[0]!.attachments[0]!
  expect(attachment).toMatchObject({ kind: 'voice', name: 'v.ogg', size: 8 })
  expect(String(Buffer.from(await opened.platform.download!(attachment, { maxBytes: 100 }, never)))).toBe('the file')
  await expect(opened.platform.download!(attachment, { maxBytes: 3 }, never)).rejects.toMatchObject({ code: 'attachment_too_large' })
  await expect(opened.platform.download!({ ...attachment, ref: { url: 'http://127.0.0.1:9/x' } }, { maxBytes: 100 }, never)).rejects.toMatchObject({
    code: 'rejected',
  })
})

test.each([
  [
    { status: 429, body: { message: 'slow', retry_after: 2, global: false }, headers: { 'retry-after': '2', 'x-ratelimit-scope': 'user' } },
    { code: 'rate_limited' },
  ],
  [{ status: 401 }, { code: 'auth_failed' }],
  [{ status: 403, body: { message: 'Cannot send', code: 50007 } }, { code: 'forbidden' }],
  [{ status: 403, body: { message: 'Missing Permissions', code: 50013 } }, { code: 'missing_permission' }],
  [{ status: 404, body: { message: 'Unknown Channel', code: 10003 } }, { code: 'chat_not_found' }],
  [{ status: 413, body: { message: 'too large', code: 40005 } }, { code: 'attachment_too_large' }],
  [{ status: 502 }, { code: 'server_error' }],
] as const)('an answer of %j is a failure of ours', async (how, failure) => {
  const { platform } = await open()
  server.faults.push({ on: 'POST /channels', how })
  const error = await platform.send(message('x'), never).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject(failure)
  if (failure.code === 'rate_limited') expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThanOrEqual(2_000)
})

test('what is too long is said so, and a service that is gone was not reached', async () => {
  const { platform } = await open()
  await expect(platform.send(message('x'.repeat(2_001)), never)).rejects.toMatchObject({ code: 'too_long' })
  await server[Symbol.asyncDispose]()
  await expect(platform.send(message('x'), never)).rejects.toMatchObject({ code: 'network' })
})

test.each([
  [4004, 'auth_failed'],
  [4014, 'missing_permission'],
  [4000, 'connection_lost'],
])('a gateway that closes with %i is told apart', async (code, failure) => {
  server.refuseWith = code
  await expect(open()).rejects.toMatchObject({ code: failure })
})

test('a token that Discord does not know is refused at once', async () => {
  await expect(open({ DISCORD_BOT_TOKEN: 'wrong' })).rejects.toMatchObject({ code: 'auth_failed' })
})

test('a connection that breaks is resumed and misses nothing', async () => {
  const opened = await open()
  server.hangUp(4000)
  server.write({ channel: DISCORD.thread, text: 'meanwhile' })
  expect(await arrived(opened)).toMatchObject([{ text: 'meanwhile' }])
  expect([server.identifies.length, server.resumes.length]).toEqual([1, 1])
  await until('all is well', 2_000, () => opened.attempt.degraded === undefined)
})

test('after a close that is final the attempt is over', async () => {
  const opened = await open()
  server.hangUp(4004)
  expect(await opened.attempt.ended).toMatchObject({ code: 'auth_failed' })
})

test('what was written while nobody was connected is fetched, in its order, unless it is too old', async () => {
  server.write({ text: 'old', at: Date.now() - 7_200_000, unseen: true })
  server.write({ text: 'first', mentions: [DISCORD.bot], unseen: true })
  server.write({ text: 'second', unseen: true })
  const opened = await open({ DISCORD_ALLOWED_ROLES: DISCORD.role })
  const received = await arrived(opened, 2)
  expect(received.map(({ text }) => text)).toEqual(['first', 'second'])
  expect(received[0]!.sender.roles).toEqual([DISCORD.role])
})

test('a direct chat is fetched again by the next attempt of the same process', async () => {
  const first = await open()
  server.write({ channel: DISCORD.direct, direct: true, text: 'one' })
  await arrived(first)
  await first[Symbol.asyncDispose]()
  server.write({ channel: DISCORD.direct, direct: true, text: 'two', unseen: true })
  const received = await arrived(await open(), 2)
  expect(received.map(({ text }) => text)).toEqual(['one', 'two'])
})

test('a message that could not be written down ends the attempt', async () => {
  const opened = stack.use(await openPlatform(discord, { env: server.env, receive: () => Promise.reject(new Error('the disk is full')) }))
  server.write({ channel: DISCORD.direct, direct: true })
  expect(await opened.attempt.ended).toMatchObject({ code: 'internal' })
})

test('the probe wants a heartbeat acknowledged, an open socket is not enough', async () => {
  const { platform } = await open()
  await platform.probe(never)
  server.acknowledgesHeartbeats = false
  await expect(platform.probe(AbortSignal.timeout(50))).rejects.toMatchObject({ code: 'timeout' })
})

test('a slash command is a message, and answered', async () => {
  const opened = await open({ DISCORD_SLASH_COMMANDS: 'status' })
  await until('the commands are offered', 2_000, () => server.commands.length === 1)
  server.dispatch('INTERACTION_CREATE', {
    id: server.id(),
    application_id: DISCORD.bot,
    type: 2,
    token: 'interaction-token',
    version: 1,
    user: person(),
    channel: { id: DISCORD.direct, type: 1 },
    channel_id: DISCORD.direct,
    data: { id: '1', name: 'status', type: 1, options: [{ name: 'arguments', type: 3, value: 'all' }] },
    entitlements: [],
    authorizing_integration_owners: {},
    locale: 'en',
    attachment_size_limit: 1,
  })
  expect(await arrived(opened)).toMatchObject([{ text: '/status all', kind: 'direct', mentionsUs: true }])
  await until('it is answered', 2_000, () => server.requests.some(({ path, body }) => path.endsWith('/callback') && body['type'] === 4))
})

test('failed attempts leave nothing open', async () => {
  const before = await descriptorsOf()
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const start = timers()
  const rounds = FULL ? 1_000 : 30
  for (let round = 0; round < rounds; round++) {
    server.refuseWith = [4004, 4000, 4014][round % 3]
    await expect(open({ ...(round % 5 === 0 && { DISCORD_BOT_TOKEN: 'wrong' }) })).rejects.toMatchObject({ name: 'PlatformError' })
  }
  await until('timers are gone', 8_000, () => timers() <= start + 1)
  await expectSameDescriptors(before)
}, 300_000)

test('an attempt whose gateway breaks off before its first word has failed', async () => {
  server.isMute = true
  const attempt = open().catch((error: unknown) => error)
  await until('it asked where the gateway is', 2_000, () => server.requests.length > 0)
  await server[Symbol.asyncDispose]()
  expect(await attempt).toMatchObject({ code: 'connection_lost' })
})

test('an attempt that is given up while it resumes connects never again', async () => {
  const opened = await open()
  server.hangUp(4000)
  await until('it has noticed', 2_000, () => opened.attempt.degraded !== undefined)
  await opened[Symbol.asyncDispose]()
  // The library reconnects half a second after a close.
  await sleep(700)
  expect([server.identifies.length, server.resumes.length, server.connections]).toEqual([1, 0, 0])
})
