import { descriptorsOf, expectSameDescriptors, FakeClock, until } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { openPlatform, type OpenPlatformOptions } from '../../../test/open-platform.ts'
import { IrcServer } from '../../../test/servers/irc-server.ts'
import { ircLinesOf } from './irc-lines.ts'
import { irc } from './irc.ts'

const signal = new AbortController().signal

const open = (server: IrcServer, options: Partial<OpenPlatformOptions> = {}) =>
  openPlatform(irc, {
    ...options,
    env: { IRC_SERVER: '127.0.0.1', IRC_PORT: String(server.port), IRC_USE_TLS: 'false', IRC_NICKNAME: 'bot', IRC_CHANNEL: '#ops,#dev key', ...options.env },
  })

const outbound = (text: string, chatId = '#ops') => ({
  id: 'out_1',
  address: { platform: 'irc', account: '127.0.0.1', chatId, threadId: '' },
  text,
  attachments: [],
})

test('in a channel we are spoken to by name, and answer there', async () => {
  await using server = await IrcServer.start()
  await using t = await open(server)
  await until('we are there', 2_000, () => server.present[0]?.channels.length === 2)
  server.say('#Ops', 'Bot: what time is it?', { id: 'one' })
  await until('it is in', 2_000, () => t.received.length === 1)
  expect(t.received[0]).toMatchObject({
    kind: 'group',
    messageId: 'one',
    text: 'what time is it?',
    mentionsUs: true,
    address: { chatId: '#ops', threadId: '' },
  })
  expect(await t.platform.send(outbound('Noon.'), signal)).toEqual({ messageId: 'said-1' })
  expect(server.said).toEqual([{ messageId: 'said-1', target: '#ops', text: 'Noon.' }])
  expect(t.received).toHaveLength(1)
})

test.each([
  ['bot: hi', true],
  ['BOT, hi', true],
  ['@bot hi', true],
  ['bot', true],
  ['bot-two: hi', false],
  ['bot_: hi', false],
  ['robot: hi', false],
  ['ask bot: hi', false],
])('"%s" is for us: %s', async (text, mentionsUs) => {
  await using server = await IrcServer.start()
  await using t = await open(server)
  server.say('#ops', text)
  await until('it is in', 2_000, () => t.received.length === 1)
  expect(t.received[0]!.mentionsUs).toBe(mentionsUs)
})

test('who is not logged in is their whole mask, never a name that an allow-list could hold', async () => {
  await using server = await IrcServer.start()
  await using t = await open(server)
  server.say('bot', 'hello', { account: 'ada' })
  server.say('bot', 'hello', { nick: 'ada' })
  await until('both are in', 2_000, () => t.received.length === 2)
  expect(t.received.map(({ sender }) => sender.id)).toEqual(['ada', 'ada!~ada@host.example'])
  // And neither reads on in the conversation of the other.
  expect(t.received.map(({ address }) => [address.chatId, address.threadId])).toEqual([
    ['ada', 'ada'],
    ['ada', 'ada!~ada@host.example'],
  ])
})

test('neither what the server says, nor notices, nor what a bouncer plays back is taken in', async () => {
  await using server = await IrcServer.start()
  await using t = await open(server)
  server.write(':irc.test PRIVMSG bot :a notice of the server')
  server.write(':ada!a@h NOTICE bot :an automatic reply')
  server.write(':ada!a@h PRIVMSG bot :\x01VERSION\x01')
  server.write('BATCH +1 chathistory #ops')
  server.write('@batch=1 :ada!a@h PRIVMSG #ops :bot: from yesterday')
  server.write('BATCH -1')
  server.say('bot', 'now')
  await until('it is in', 2_000, () => t.received.length > 0)
  expect(t.received.map(({ text }) => text)).toEqual(['now'])
})

test('lines are split by bytes and never within a character, and no text adds a command', () => {
  const long = ircLinesOf('ü'.repeat(226))
  expect(long).toEqual(['ü'.repeat(225), 'ü'])
  expect(ircLinesOf('a\r\nQUIT :x\n\n\0b')).toEqual(['a', 'QUIT :x', 'b'])
  const words = ircLinesOf('word '.repeat(200))
  expect(words.every((line) => Buffer.byteLength(line) <= 450 && line.startsWith('word') && line.endsWith('word'))).toBe(true)
  expect(ircLinesOf('👩‍🚀'.repeat(100)).join('')).toBe('👩‍🚀'.repeat(100))
})

test('a target that is none adds no command', async () => {
  await using server = await IrcServer.start()
  await using t = await open(server)
  for (const chatId of ['#ops :x\r\nQUIT', '#ops,#dev', '', ':x'])
    await expect(t.platform.send(outbound('x', chatId), signal)).rejects.toMatchObject({ code: 'chat_not_found' })
  expect(server.said).toEqual([])
})

test('lines leave no faster than servers bear', async () => {
  await using server = await IrcServer.start()
  const clock = new FakeClock()
  await using t = await open(server, { clock })
  const sending = t.platform.send(outbound('1\n2\n3\n4\n5\n6\n7'), signal)
  await until('five are there', 2_000, () => server.said.length === 5)
  await clock.advance(1_999)
  expect(server.said).toHaveLength(5)
  await clock.advance(1)
  await until('the sixth is there', 2_000, () => server.said.length === 6)
  await clock.advance(2_000)
  await sending
  expect(server.said.map(({ text }) => text).join('')).toBe('1234567')
})

test('a refusal of the server is about the message that was sent', async () => {
  await using server = await IrcServer.start()
  await using t = await open(server)
  const outcomes = await Promise.allSettled([
    t.platform.send(outbound('a', 'nobody'), signal),
    t.platform.send(outbound('b'), signal),
    t.platform.send(outbound('c', '#moderated'), signal),
  ])
  expect(outcomes).toMatchObject([{ reason: { code: 'chat_not_found' } }, { value: { messageId: 'said-1' } }, { reason: { code: 'forbidden' } }])
})

test('without ids of the server a message has ours', async () => {
  await using server = await IrcServer.start()
  server.capabilities = ''
  await using t = await open(server)
  expect(await t.platform.send(outbound('x'), signal)).toEqual({ messageId: 'out_1' })
})

test('when the connection dies after a line, nobody claims to know what became of it', async () => {
  await using server = await IrcServer.start()
  await using t = await open(server)
  server.diesAfterSend = true
  await expect(t.platform.send(outbound('x'), signal)).rejects.toMatchObject({ code: 'unknown_outcome' })
  expect(await t.attempt.ended).toMatchObject({ code: 'connection_lost' })
  await expect(t.platform.send(outbound('x'), signal)).rejects.toMatchObject({ code: 'connection_lost' })
})

test('we log in by SASL, and by NickServ where there is no SASL; a wrong password is a setting to change', async () => {
  await using server = await IrcServer.start()
  await using sasl = await open(server, { env: { IRC_NICKSERV_PASSWORD: 'nick-secret' } })
  await sasl.platform.probe(signal)
  expect(server.said).toEqual([])
  await expect(open(server, { env: { IRC_NICKSERV_PASSWORD: 'wrong' } })).rejects.toMatchObject({ code: 'auth_failed' })
  server.capabilities = 'message-tags'
  await using nickserv = await open(server, { env: { IRC_NICKSERV_PASSWORD: 'nick-secret' } })
  await nickserv.platform.probe(signal)
  expect(server.said).toMatchObject([{ target: 'NickServ', text: 'IDENTIFY nick-secret' }])
})

test('a taken name is tried with a tail, and given up when all are taken', async () => {
  await using server = await IrcServer.start()
  server.taken.add('bot').add('bot_')
  await using t = await open(server)
  expect(server.present.map(({ nick }) => nick)).toEqual(['bot__'])
  await t.platform.probe(signal)
  server.taken.add('bot__')
  await expect(open(server)).rejects.toMatchObject({ code: 'conflict' })
})

test('a channel that does not let us in, or puts us out, is told while the rest works', async () => {
  await using server = await IrcServer.start()
  await using t = await open(server, { env: { IRC_CHANNEL: '#closed,#ops' } })
  await until('it is told', 2_000, () => t.attempt.degraded?.includes('#closed'))
  server.write(':op!o@h KICK #ops bot :out')
  await until('it is told', 2_000, () => t.attempt.degraded?.endsWith('; Kicked from #ops: out'))
})

/** @see I-2, L13 */
test('attempts that fail, and attempts that end, leave nothing open', async () => {
  await using server = await IrcServer.start()
  server.password = 'server-secret'
  await open(server).catch(() => {})
  await until('the server sees no connection', 2_000, () => server.connections === 0)
  const before = await descriptorsOf()
  const clock = new FakeClock()
  for (let n = 0; n < (process.env.TALARIA_TEST_FULL ? 1_000 : 30); n++) {
    const env = [{}, { IRC_PORT: '1' }, { IRC_SERVER_PASSWORD: 'server-secret' }][n % 3] as Record<string, string>
    const attempt = open(server, { clock, env }).then((t) => t[Symbol.asyncDispose]())
    if (n % 3 < 2) await expect(attempt).rejects.toMatchObject({ code: n % 3 ? 'network' : 'auth_failed' })
    else await attempt
  }
  await until('the server sees no connection', 2_000, () => server.connections === 0)
  await expectSameDescriptors(before)
  expect(clock.sleeping).toBe(0)
})

test('without a server, or with names that are none, nothing is opened and the plan says why', async () => {
  const problem = async (env: Record<string, string>) =>
    openPlatform(irc, { env }).then(
      () => 'none',
      (error: Error) => error.message,
    )
  expect(await problem({})).toContain('not_configured: IRC_SERVER')
  expect(await problem({ IRC_SERVER: 'x', IRC_NICKNAME: '1st' })).toContain('misconfigured: IRC_NICKNAME')
  expect(await problem({ IRC_SERVER: 'x', IRC_CHANNEL: 'ops' })).toContain('"ops", which is no channel')
})

test('who is kicked comes back after a while, and later each time it happens again', async () => {
  const clock = new FakeClock()
  await using server = await IrcServer.start()
  await using _t = await open(server, { clock })
  const isThere = () => server.present[0]?.channels.includes('#dev') ?? false
  const joins = () => server.lines.filter((line) => line.startsWith('JOIN #dev')).length
  await until('we are there', 2_000, isThere)
  expect(joins()).toBe(1)
  for (const [times, waitMs] of [30_000, 60_000].entries()) {
    const waiting = clock.sleeping
    server.kick('#dev')
    await until('it is known', 2_000, () => clock.sleeping > waiting)
    await clock.advance(waitMs - 1)
    expect(joins()).toBe(times + 1)
    await clock.advance(1)
    await until('we are back', 2_000, isThere)
    // With its key.
    expect(server.lines.filter((line) => line.startsWith('JOIN #dev')).at(-1)).toBe('JOIN #dev key')
  }
})
