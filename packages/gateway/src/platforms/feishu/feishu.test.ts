import { createId } from '@talaria/core'
import { loadSettings } from '@talaria/core/config'
import { descriptorsOf, expectSameDescriptors, FakeClock, until } from '@talaria/core/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openPlatform, type OpenPlatformOptions } from '../../../test/open-platform.ts'
import { FeishuServer } from '../../../test/servers/feishu-server.ts'
import type { InboundMessage } from '../../chats/inbound-message.ts'
import type { OutboundMessage } from '../../chats/outbound-message.ts'
import { feishu } from './feishu.ts'

const signal = () => AbortSignal.timeout(10_000)
const ADDRESS = { platform: 'feishu', account: 'ou_bot', chatId: 'oc_1', threadId: '' }
const out = (message: Partial<OutboundMessage> = {}): OutboundMessage => ({ id: createId('out'), address: ADDRESS, text: 'Hello', attachments: [], ...message })
const text = (words: string) => ({ content: JSON.stringify({ text: words }) })

let before: Awaited<ReturnType<typeof descriptorsOf>>
let server: FeishuServer
beforeEach(async () => {
  // Loads the library and what it opens once for the process, before anything is counted.
  await import('./connect-feishu.ts')
  before = await descriptorsOf()
  server = await FeishuServer.start()
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await expectSameDescriptors(before)
})
const open = (options: Partial<OpenPlatformOptions> & { env?: Record<string, string> } = {}) =>
  openPlatform(feishu, { ...options, env: { ...server.env, ...options.env } })

describe('the long connection', () => {
  test('carries a conversation, in the order in which it was held', async () => {
    let isSlow = true
    const receive = async ({ text: words }: InboundMessage) => {
      if (words === 'one' && isSlow) await new Promise((resolve) => setTimeout(resolve, 50))
      isSlow = false
      return undefined
    }
    await using connected = await open({ receive })
    for (const words of ['one', 'two', 'three']) server.say(text(words))
    await until('the messages', 5_000, () => server.pending.length === 0)
    expect(connected.received.map((message) => message.text)).toEqual(['one', 'two', 'three'])
    await connected.platform.send(out({ replyTo: connected.received[2]!.messageId }), signal())
    expect(server.messages).toMatchObject([{ type: 'interactive', replyTo: connected.received[2]!.messageId, inThread: false }])
  })

  test('is opened once and never again by the library: its end is reported, and its socket gone', async () => {
    await using connected = await open()
    server.drop()
    await expect(connected.attempt.ended).resolves.toMatchObject({ code: 'connection_lost' })
    await expect(connected.platform.probe(signal())).rejects.toMatchObject({ code: 'connection_lost' })
    const endpoints = () => server.calls.filter((call) => call.endsWith('/callback/ws/endpoint')).length
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect([endpoints(), server.connections]).toEqual([1, 0])
  })

  test('that is refused says why', async () => {
    server.fail(/ws\/endpoint/, { kind: 'refuse', status: 200, code: 1000040350, msg: 'exceed_conn_limit' })
    await expect(open()).rejects.toMatchObject({ code: 'rate_limited' })
    server.fail(/ws\/endpoint/, { kind: 'html', status: 502 })
    await expect(open()).rejects.toMatchObject({ code: 'server_error' })
  })

  test('passes over what cannot be read', async () => {
    await using connected = await open()
    server.say({ content: 'no JSON' })
    server.say(text('after it'))
    await until('the message', 5_000, () => connected.received.length === 1 && server.pending.length === 0)
  })

  test('a reply to a message of ours is to us, one to another’s is not', async () => {
    await using connected = await open()
    const ours = (await connected.platform.send(out(), signal())).messageId
    const theirs = server.say({ ...text('a'), chat_type: 'group' })
    server.say({ ...text('b'), chat_type: 'group', parent_id: ours, root_id: ours })
    server.say({ ...text('c'), chat_type: 'group', parent_id: theirs, root_id: theirs })
    await until('the messages', 5_000, () => connected.received.length === 3)
    expect(connected.received.map(({ mentionsUs, replyTo }) => [mentionsUs, replyTo?.isOurs])).toEqual([
      [false, undefined],
      [true, true],
      [false, undefined],
    ])
  })
})

describe('the webhook', () => {
  const openWebhook = async (secrets: Record<string, string | undefined> = {}) => {
    const all = { FEISHU_ENCRYPT_KEY: server.encryptKey, FEISHU_VERIFICATION_TOKEN: server.verificationToken, ...secrets }
    const env = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<string, string>
    await using free = await FeishuServer.start()
    const { port } = free
    await free[Symbol.asyncDispose]()
    server.webhookUrl = `http://127.0.0.1:${port}/hook`
    return open({ env: { ...env, FEISHU_CONNECTION_MODE: 'webhook', FEISHU_WEBHOOK_PORT: String(port) } })
  }
  const event = () =>
    server.bodyOf({
      sender: { sender_id: { open_id: 'ou_ada' } },
      message: { message_id: 'om_x', chat_id: 'oc_1', chat_type: 'p2p', message_type: 'text', create_time: '1', ...text('Hi') },
    })

  test('answers the challenge, takes what is signed and encrypted, and passes over other events', async () => {
    await using connected = await openWebhook()
    const challenge = { type: 'url_verification', token: server.verificationToken, challenge: 'c-1' }
    expect(await (await server.post(challenge)).json()).toEqual({ challenge: 'c-1' })
    expect((await server.post(event())).status).toBe(200)
    expect((await server.post(server.bodyOf({}, 'im.chat.updated_v1'))).status).toBe(200)
    expect(connected.received.map((message) => message.text)).toEqual(['Hi'])
  })

  test('refuses what is forged: another key, no encryption, an old signature, a wrong token, another body', async () => {
    await using connected = await openWebhook()
    const old = Math.floor(Date.now() / 1000) - 13 * 3600
    const wrongToken = { ...event(), header: { event_type: 'im.message.receive_v1', token: 'guessed' } }
    const answers = await Promise.all([
      server.post(event(), { key: 'guessed' }),
      server.post(event(), { isEncrypted: false }),
      server.post(event(), { timestamp: old }),
      server.post(wrongToken),
      fetch(server.webhookUrl!, { method: 'POST', body: JSON.stringify({ type: 'url_verification', challenge: 'x', token: server.verificationToken }) }),
      fetch(server.webhookUrl!, { method: 'POST', body: '{' }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 401])
    expect(connected.received).toEqual([])
  })

  test('with only a token needs the token, with only a key the signature', async () => {
    {
      await using connected = await openWebhook({ FEISHU_ENCRYPT_KEY: undefined })
      expect((await server.post(event(), { isEncrypted: false })).status).toBe(200)
      expect((await server.post({ ...event(), header: { event_type: 'im.message.receive_v1' } }, { isEncrypted: false })).status).toBe(401)
      expect(connected.received).toHaveLength(1)
    }
    await using connected = await openWebhook({ FEISHU_VERIFICATION_TOKEN: undefined })
    expect((await server.post(event())).status).toBe(200)
    // Whoever has seen one delivery has its body, but no signature for another time.
    const body = JSON.stringify({ encrypt: 'AAAA' })
    expect((await fetch(server.webhookUrl!, { method: 'POST', body })).status).toBe(401)
    expect(connected.received).toHaveLength(1)
  })

  test('refuses what is too large, and what is no POST', async () => {
    await using _ = await openWebhook()
    expect((await fetch(server.webhookUrl!, { method: 'POST', body: ' '.repeat(1_000_001) })).status).toBe(413)
    expect((await fetch(server.webhookUrl!)).status).toBe(405)
  })
})

describe('sending', () => {
  test('goes into the thread that it belongs to', async () => {
    await using connected = await open()
    const threadId = server.say({ ...text('root'), chat_type: 'group', thread_id: 'omt_1' })
    await connected.platform.send(out({ address: { ...ADDRESS, threadId } }), signal())
    expect(server.messages).toMatchObject([{ replyTo: threadId, inThread: true }])
  })

  test('does so without the reply when what it answers was taken back', async () => {
    await using connected = await open()
    await connected.platform.send(out({ replyTo: 'om_gone' }), signal())
    expect(server.messages).toMatchObject([{ replyTo: undefined, chatId: 'oc_1' }])
  })

  test('twice with the same id is once: what became of an unknown outcome is found out without doubling it', async () => {
    await using connected = await open()
    const message = out()
    server.fail(/^POST .*messages/, { kind: 'cut' })
    await expect(connected.platform.send(message, signal())).rejects.toMatchObject({ code: 'unknown_outcome' })
    expect(await connected.platform.find!(message, signal())).toEqual({ messageId: server.messages[0]?.id })
    const lost = out()
    expect(await connected.platform.find!(lost, signal())).toEqual({ messageId: server.messages[1]?.id })
    expect(server.messages).toHaveLength(2)
  })

  test('is not tried again by its id once Feishu has forgotten it', async () => {
    const clock = new FakeClock(Date.now())
    await using connected = await open({ clock })
    const message = out({ id: `out_${(clock.now() - 56 * 60_000).toString(16).padStart(12, '0')}70008000000000000000` })
    await expect(connected.platform.find!(message, signal())).rejects.toMatchObject({ code: 'unknown_outcome' })
    expect(server.messages).toEqual([])
  })

  test('falls back to plain text, once, when Feishu does not like the card; so does an edit', async () => {
    const refusal = { kind: 'refuse', status: 400, code: 230099, msg: 'Failed to create card content' } as const
    await using connected = await open()
    server.fail(/^POST .*messages/, refusal)
    const { messageId } = await connected.platform.send(out({ text: '**a**' }), signal())
    expect(server.messages[0]?.content).toContain('plain_text')
    server.fail(/^PATCH/, refusal)
    await connected.platform.edit!(ADDRESS, messageId, '**b**', signal())
    expect(server.messages[0]).toMatchObject({ edits: 1, content: expect.stringContaining('plain_text') as string })
    server.fail(/^PATCH/, refusal)
    server.fail(/^PATCH/, refusal)
    await expect(connected.platform.edit!(ADDRESS, messageId, 'c', signal())).rejects.toMatchObject({ code: 'bad_format' })
  })

  test('sets a reaction in place of the last one, and takes it away, leaving those of others', async () => {
    await using connected = await open()
    const { messageId } = await connected.platform.send(out(), signal())
    server.reactions.push({ id: 'r_theirs', messageId, emoji: 'OK', operator: 'ou_ada' })
    for (const emoji of ['👀', '✅']) await connected.platform.react!(ADDRESS, messageId, emoji, signal())
    expect(server.reactions.map(({ emoji }) => emoji)).toEqual(['OK', 'DONE'])
    await connected.platform.react!(ADDRESS, messageId, undefined, signal())
    expect(server.reactions.map(({ emoji }) => emoji)).toEqual(['OK'])
  })

  test.each([
    ['a limit of the app', { status: 400, code: 99991400, headers: { 'x-ogw-ratelimit-reset': '7' } }, 'rate_limited', 7_000],
    ['a limit of the chat', { status: 400, code: 230020 }, 'rate_limited', 1_000],
    ['a missing scope', { status: 400, code: 99991672 }, 'missing_permission', undefined],
    ['a chat without us', { status: 400, code: 230002 }, 'forbidden', undefined],
    ['a content that is too long', { status: 400, code: 230025 }, 'too_long', undefined],
    ['anything else', { status: 400, code: 4711 }, 'rejected', undefined],
    ['an inner failure', { status: 500, code: 2200 }, 'server_error', undefined],
  ] as const)('%s is a failure in our words', async (_, fault, code, retryAfterMs) => {
    await using connected = await open()
    server.fail(/^POST .*messages/, { kind: 'refuse', ...fault })
    await expect(connected.platform.send(out(), signal())).rejects.toMatchObject({ code, retryAfterMs })
  })

  test('no failure holds the secret or the token', async () => {
    await using connected = await open()
    server.fail(/^POST .*messages/, { kind: 'cut' })
    const failure: unknown = await connected.platform.send(out(), signal()).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'unknown_outcome' })
    expect((failure as Error).cause).toBeUndefined()
    const everything = JSON.stringify(failure, Object.getOwnPropertyNames(failure))
    for (const secret of [server.appSecret, ...server.tokens]) expect(everything).not.toContain(secret)
  })

  test('a token that was revoked is replaced', async () => {
    await using connected = await open()
    server.tokens.clear()
    await connected.platform.send(out(), signal())
    expect([server.messages.length, server.tokens.size]).toEqual([1, 1])
  })
})

test('the settings are judged before anything is opened', async () => {
  const plan = async (env: Record<string, string>) => feishu.plan(await loadSettings(feishu.settings, { env, home: '/nowhere' })).state
  expect(await plan({})).toBe('not_configured')
  expect(await plan({ FEISHU_APP_ID: server.appId })).toBe('misconfigured')
  expect(await plan({ ...server.env, FEISHU_APP_ID: 'cli_short' })).toBe('misconfigured')
  expect(await plan(server.env)).toBe('ready')
  expect(await plan({ ...server.env, FEISHU_CONNECTION_MODE: 'webhook' })).toBe('misconfigured')
  expect(await plan({ ...server.env, FEISHU_CONNECTION_MODE: 'webhook', FEISHU_VERIFICATION_TOKEN: 'x' })).toBe('ready')
})
