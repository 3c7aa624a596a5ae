import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { descriptorsOf, expectSameDescriptors, until } from '@talaria/core/testing'
import { loadSettings } from '@talaria/core/config'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { openPlatform, type OpenPlatformOptions } from '../../../test/open-platform.ts'
import { TelegramServer } from '../../../test/servers/telegram-server.ts'
import type { InboundMessage } from '../../chats/inbound-message.ts'
import type { OutboundMessage } from '../../chats/outbound-message.ts'
import { telegram } from './telegram.ts'

const signal = () => AbortSignal.timeout(10_000)
const out = (message: Partial<OutboundMessage> = {}, account = '123456789'): OutboundMessage => ({
  id: 'out_1',
  address: { platform: 'telegram', account, chatId: '42', threadId: '' },
  text: 'Hello',
  attachments: [],
  ...message,
})

let before: Awaited<ReturnType<typeof descriptorsOf>>
let server: TelegramServer
beforeEach(async () => {
  // Loads the library and what it opens once for the process, before anything is counted.
  await import('./connect-telegram.ts')
  before = await descriptorsOf()
  server = await TelegramServer.start()
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await expectSameDescriptors(before)
})

const open = (options: Partial<OpenPlatformOptions> & { env?: Record<string, string> } = {}) =>
  openPlatform(telegram, { ...options, env: { ...server.env, ...options.env } })
const folder = async () => {
  const path = await mkdtemp(join(tmpdir(), 'talaria-telegram-'))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}

describe('polling', () => {
  test('a conversation goes both ways, in the order in which it was held', async () => {
    await using connected = await open()
    for (const text of ['one', 'two', 'three']) await server.say({ text })
    await until('the messages', 5_000, () => connected.received.length === 3)
    expect(connected.received.map(({ text }) => text)).toEqual(['one', 'two', 'three'])
    const { messageId, address } = connected.received[2]!
    const sent = await connected.platform.send(out({ address, text: 'To **you**', replyTo: messageId }), signal())
    expect(server.messages).toMatchObject([
      {
        id: Number(sent.messageId),
        parameters: { chat_id: 42, text: 'To you', entities: [{ type: 'bold', offset: 3, length: 3 }], reply_parameters: { message_id: Number(messageId) } },
      },
    ])
  })

  test('what could not be written down is asked for again, and nothing after it is confirmed before it', async () => {
    let failures = 1
    const receive = async (message: InboundMessage) => {
      if (message.text === 'two' && failures-- > 0) throw new Error('the disk is full')
      return undefined
    }
    for (const text of ['one', 'two', 'three']) await server.say({ text })
    await using connected = await open({ receive })
    await until('the messages', 8_000, () => connected.received.length === 3)
    expect(connected.received.map(({ text }) => text)).toEqual(['one', 'two', 'three'])
    await until('the third request', 5_000, () => server.calls.filter(({ method }) => method === 'getUpdates').length === 3)
    const offsets = server.calls.filter(({ method }) => method === 'getUpdates').map(({ parameters }) => parameters.offset)
    expect(offsets.slice(0, 3)).toEqual([0, 1001, 1003])
  })

  test('what was not confirmed when a gateway died comes to the next one', async () => {
    await server.say({ text: 'one' })
    {
      // Dies between the write and the next request, which alone would confirm it.
      await using dying = await open({ receive: () => new Promise(() => {}) })
      await until('the request', 5_000, () => server.calls.some(({ method }) => method === 'getUpdates'))
      void dying.attempt[Symbol.asyncDispose]()
    }
    await using connected = await open()
    await until('the message', 5_000, () => connected.received.length === 1)
  })

  test('an update that cannot be read is passed over', async () => {
    await using connected = await open()
    server.push({ update_id: 1, message: { message_id: 1 } } as never)
    await server.say({ text: 'after it' })
    await until('the message', 5_000, () => connected.received.length === 1)
  })

  test('a second poller of the same bot ends the connection as a conflict', async () => {
    await using connected = await open()
    await until('the request', 5_000, () => server.calls.some(({ method }) => method === 'getUpdates'))
    server.fail('getUpdates', { kind: 'refuse', status: 409, description: 'Conflict: terminated by other getUpdates request' })
    await server.say({ text: 'wakes it' })
    await expect(connected.attempt.ended).resolves.toMatchObject({ code: 'conflict' })
  })

  test('flood control on asking is waited for, without another attempt', async () => {
    server.fail('getUpdates', { kind: 'refuse', status: 429, description: 'Too Many Requests: retry after 0', parameters: { retry_after: 0 } })
    await server.say({ text: 'late' })
    await using connected = await open()
    await until('the message', 5_000, () => connected.received.length === 1)
  })

  test('a server that goes away ends the connection', async () => {
    await using connected = await open()
    await until('the request', 5_000, () => server.calls.some(({ method }) => method === 'getUpdates'))
    await server[Symbol.asyncDispose]()
    expect(['connection_lost', 'network']).toContain((await connected.attempt.ended).code)
  })
})

describe('a webhook', () => {
  const SECRET = 'a-secret-of-the-webhook_1'
  const openWebhook = async (options: Partial<OpenPlatformOptions> = {}) => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/hook`
    const connected = await open({ ...options, env: { TELEGRAM_WEBHOOK_URL: url, TELEGRAM_WEBHOOK_SECRET: SECRET, TELEGRAM_WEBHOOK_PORT: String(port) } })
    return Object.assign(connected, { url })
  }
  const update = (text: string) => ({
    update_id: 5,
    message: { message_id: 5, date: 1, text, from: { id: 42, is_bot: false, first_name: 'Ada' }, chat: { id: 42, type: 'private', first_name: 'Ada' } },
  })

  test('is told to Telegram, and delivers on a port of its own and on the gateway’s', async () => {
    await using connected = await openWebhook()
    expect(server.calls.find(({ method }) => method === 'setWebhook')?.parameters).toMatchObject({
      url: connected.url,
      secret_token: SECRET,
      max_connections: 1,
    })
    await server.say({ text: 'over its own port' })
    const headers = { 'x-telegram-bot-api-secret-token': SECRET }
    const request = new Request('http://gateway/platforms/telegram/', { method: 'POST', headers, body: JSON.stringify(update('over the gateway')) })
    expect((await connected.attempt.mounted!(request)).status).toBe(200)
    expect(connected.received.map(({ text }) => text)).toEqual(['over its own port', 'over the gateway'])
  })

  test('refuses what does not know the secret, whatever else it knows', async () => {
    await using connected = await openWebhook()
    for (const secret of [undefined, '', 'wrong', `${SECRET}x`, SECRET.slice(0, -1)]) {
      const headers: Record<string, string> = secret === undefined ? {} : { 'x-telegram-bot-api-secret-token': secret }
      const response = await fetch(connected.url, { method: 'POST', headers, body: JSON.stringify(update('forged')) })
      expect([secret, response.status]).toEqual([secret, 401])
    }
    expect(connected.received).toEqual([])
  })

  test('refuses what is no update, and what is too large', async () => {
    await using connected = await openWebhook()
    const post = async (body: string) => (await fetch(connected.url, { method: 'POST', headers: { 'x-telegram-bot-api-secret-token': SECRET }, body })).status
    expect([await post('{'), await post('null'), await post('[]'), await post(' '.repeat(1_000_001))]).toEqual([400, 400, 400, 413])
    expect((await fetch(connected.url)).status).toBe(405)
  })

  test('answers 500 while a message cannot be written down, so that it comes again', async () => {
    let failures = 1
    await using connected = await openWebhook({
      receive: async () => {
        if (failures-- > 0) throw new Error('the disk is full')
        return undefined
      },
    })
    await server.say({ text: 'again' })
    expect([connected.received.length, server.pending.length]).toEqual([0, 1])
    await server.deliver()
    expect([connected.received.length, server.pending.length]).toEqual([1, 0])
  })

  test('that somebody else has moved away is noticed by the probe', async () => {
    await using connected = await openWebhook()
    await connected.platform.probe(signal())
    server.webhook = { url: 'https://elsewhere.example', secret: '' }
    await expect(connected.platform.probe(signal())).rejects.toMatchObject({ code: 'conflict' })
  })

  test('does not start on a port that another program has', async () => {
    const env = { TELEGRAM_WEBHOOK_URL: 'https://a.example/', TELEGRAM_WEBHOOK_SECRET: SECRET, TELEGRAM_WEBHOOK_PORT: String(server.port) }
    await expect(open({ env })).rejects.toMatchObject({ code: 'address_in_use' })
  })
})

describe('sending', () => {
  test('goes to the topic it belongs to, silently when asked to, and shows no previews', async () => {
    await using connected = await open()
    await connected.platform.send(out({ address: { ...out().address, chatId: '-100', threadId: '9' }, silent: true }), signal())
    expect(server.messages[0]?.parameters).toMatchObject({
      chat_id: -100,
      message_thread_id: 9,
      disable_notification: true,
      link_preview_options: { is_disabled: true },
    })
    await connected.platform.typing!({ ...out().address, threadId: '9' }, signal())
    expect(server.calls.at(-1)).toMatchObject({ method: 'sendChatAction', parameters: { action: 'typing', message_thread_id: 9 } })
  })

  test('falls back to plain text, once, when Telegram does not like the formatting', async () => {
    const refusal = { kind: 'refuse', status: 400, description: "Bad Request: can't parse entities" } as const
    await using connected = await open()
    server.fail('sendMessage', refusal)
    await connected.platform.send(out({ text: '**a**' }), signal())
    expect(server.messages[0]?.parameters).toMatchObject({ text: 'a' })
    expect(server.messages[0]?.parameters).not.toHaveProperty('entities')
    server.fail('sendMessage', refusal, refusal)
    await expect(connected.platform.send(out({ text: '**a**' }), signal())).rejects.toMatchObject({ code: 'bad_format' })
  })

  test('counts its limit in UTF-16 code units', async () => {
    await using connected = await open()
    await connected.platform.send(out({ text: '👍'.repeat(2048) }), signal())
    await expect(connected.platform.send(out({ text: '👍'.repeat(2049) }), signal())).rejects.toMatchObject({ code: 'too_long' })
  })

  test('an edit replaces the text, one that changes nothing succeeds, one of nothing fails', async () => {
    await using connected = await open()
    const { messageId } = await connected.platform.send(out(), signal())
    for (let twice = 0; twice < 2; twice++) await connected.platform.edit!(out().address, messageId, 'Other **words**', signal())
    expect(server.messages).toMatchObject([{ edits: 1, parameters: { text: 'Other words', entities: [{ type: 'bold' }] } }])
    await expect(connected.platform.edit!(out().address, '999', 'x', signal())).rejects.toMatchObject({ code: 'message_not_found' })
  })

  test('sets a reaction and takes it away', async () => {
    await using connected = await open()
    await connected.platform.react!(out().address, '5', '👀', signal())
    expect(server.reactions.get('42/5')).toEqual([{ type: 'emoji', emoji: '👀' }])
    await connected.platform.react!(out().address, '5', undefined, signal())
    expect(server.reactions.get('42/5')).toEqual([])
  })

  test.each([
    ['flood control', { kind: 'refuse', status: 429, description: 'Too Many Requests', parameters: { retry_after: 7 } }, 'rate_limited', 7_000],
    ['a revoked token', { kind: 'refuse', status: 401, description: 'Unauthorized' }, 'auth_failed', undefined],
    ['a chat that is gone', { kind: 'refuse', status: 400, description: 'Bad Request: chat not found' }, 'chat_not_found', undefined],
    ['a closed topic', { kind: 'refuse', status: 400, description: 'Bad Request: TOPIC_CLOSED' }, 'chat_not_found', undefined],
    [
      'a missing right',
      { kind: 'refuse', status: 400, description: 'Bad Request: not enough rights to send text messages to the chat' },
      'forbidden',
      undefined,
    ],
    ['anything else', { kind: 'refuse', status: 400, description: 'Bad Request: something new' }, 'rejected', undefined],
    ['an inner failure', { kind: 'refuse', status: 500, description: 'Internal Server Error' }, 'server_error', undefined],
    ['a bad gateway', { kind: 'refuse', status: 502, description: 'Bad Gateway' }, 'unknown_outcome', undefined],
    ['a page of a proxy', { kind: 'html', status: 502 }, 'unknown_outcome', undefined],
    ['a cut connection', { kind: 'cut' }, 'unknown_outcome', undefined],
  ] as const)('%s is a failure in our words', async (_, fault, code, retryAfterMs) => {
    await using connected = await open()
    server.fail('sendMessage', fault)
    await expect(connected.platform.send(out(), signal())).rejects.toMatchObject({ code, retryAfterMs })
  })

  test('to somebody who blocked the bot is forbidden', async () => {
    await using connected = await open()
    server.blocked.add('42')
    await expect(connected.platform.send(out(), signal())).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('without an answer has an unknown outcome; before it began, and without a server, it has one', async () => {
    await using connected = await open()
    server.fail('sendMessage', { kind: 'hang' })
    await expect(connected.platform.send(out(), AbortSignal.timeout(50))).rejects.toMatchObject({ code: 'unknown_outcome' })
    await expect(connected.platform.send(out(), AbortSignal.abort())).rejects.toMatchObject({ code: 'timeout' })
    await server[Symbol.asyncDispose]()
    await connected.attempt.ended
    await expect(connected.platform.send(out(), signal())).rejects.toMatchObject({ code: 'network' })
  })

  test('no failure names the token', async () => {
    await using connected = await open()
    server.fail('sendMessage', { kind: 'cut' })
    const failure: unknown = await connected.platform.send(out(), signal()).catch((error: unknown) => error)
    const everything = JSON.stringify(failure, Object.getOwnPropertyNames(failure)) + String((failure as Error).cause)
    expect(everything).not.toContain(server.token.split(':')[1])
  })
})

describe('files', () => {
  const send = async (connected: Awaited<ReturnType<typeof open>>, text: string, kinds: readonly string[], bytes = Buffer.from('bytes')) => {
    const path = join(await folder(), 'a file.bin')
    await writeFile(path, bytes)
    const attachments = kinds.map((kind) => ({ kind: kind as 'image', path, name: 'a file.bin', mediaType: 'application/octet-stream' }))
    return connected.platform.send(out({ text, attachments }), signal())
  }

  test('go out each in its own way, with a text that fits as the caption', async () => {
    await using connected = await open()
    await send(connected, '**Look**', ['image'])
    expect(server.messages[0]).toMatchObject({
      method: 'sendPhoto',
      parameters: { caption: 'Look', caption_entities: [{ type: 'bold', offset: 0, length: 4 }] },
    })
    expect(server.messages[0]?.parameters.photo).toEqual({ name: 'a_file.bin', bytes: Buffer.from('bytes') })
    await send(connected, 'x'.repeat(2000), ['voice'])
    await send(connected, '', ['audio', 'video', 'document'])
    expect(server.messages.map(({ method }) => method)).toEqual(['sendPhoto', 'sendMessage', 'sendVoice', 'sendAudio', 'sendVideo', 'sendDocument'])
  })

  test('a message of which only a part was sent has an unknown outcome', async () => {
    await using connected = await open()
    server.fail('sendVideo', { kind: 'refuse', status: 400, description: 'Bad Request: something' })
    await expect(send(connected, '', ['audio', 'video'])).rejects.toMatchObject({ code: 'unknown_outcome' })
  })

  test('that are too large, or gone, are not begun', async () => {
    await using connected = await open()
    await expect(send(connected, '', ['document'], Buffer.alloc(50_000_001))).rejects.toMatchObject({ code: 'attachment_too_large' })
    const gone = { kind: 'document', path: '/nowhere/at all', name: 'x', mediaType: 'text/plain' } as const
    await expect(connected.platform.send(out({ attachments: [gone] }), signal())).rejects.toMatchObject({ code: 'rejected' })
    expect(server.messages).toEqual([])
  })

  test('come in within the limits, Telegram’s and ours', async () => {
    server.files.set('f', { path: 'documents/file 1.bin', bytes: Buffer.from('content') })
    server.files.set('big', { path: 'documents/big', bytes: Buffer.from(''), size: 20_000_001 })
    server.files.set('liar', { path: 'documents/liar', bytes: Buffer.alloc(100), size: 1 })
    await using connected = await open()
    const fetch = (fileId: string, maxBytes: number) => connected.platform.download!({ kind: 'document', ref: { fileId } }, { maxBytes }, signal())
    expect(Buffer.from(await fetch('f', 100)).toString()).toBe('content')
    for (const id of ['f', 'big', 'liar']) await expect(fetch(id, 6)).rejects.toMatchObject({ code: 'attachment_too_large' })
    await expect(fetch('unknown', 6)).rejects.toMatchObject({ code: 'rejected' })
  })
})

describe('connecting', () => {
  test('is judged by the settings before anything is opened', async () => {
    const plan = async (env: Record<string, string>) => telegram.plan(await loadSettings(telegram.settings, { env, home: '/nowhere' })).state
    expect(await plan({})).toBe('not_configured')
    expect(await plan({ TELEGRAM_BOT_TOKEN: 'your-token-here' })).toBe('misconfigured')
    expect(await plan(server.env)).toBe('ready')
    expect(await plan({ ...server.env, TELEGRAM_WEBHOOK_URL: 'https://a.example/' })).toBe('misconfigured')
    expect(await plan({ ...server.env, TELEGRAM_WEBHOOK_URL: 'https://a.example/', TELEGRAM_WEBHOOK_SECRET: 'spaces are not allowed' })).toBe('misconfigured')
  })

  test('goes through a proxy that is set', async () => {
    await using proxy = await TelegramServer.start()
    // What a proxy is asked for is a whole address, and the fake answers whatever the host is.
    await using connected = await open({ env: { TELEGRAM_PROXY: proxy.url, TELEGRAM_API_ROOT: 'http://telegram.invalid' } })
    await connected.platform.send(out(), signal())
    expect([proxy.messages.length, server.calls.length]).toEqual([1, 0])
  })

  /** @see incident L15: 133 connections in CLOSE_WAIT (hermes-agent #96027) */
  test('keeps no connection that the server has closed', async () => {
    const port = await freePort()
    const webhook = { TELEGRAM_WEBHOOK_URL: 'https://a.example/', TELEGRAM_WEBHOOK_SECRET: 'a-secret-of-the-webhook_1', TELEGRAM_WEBHOOK_PORT: String(port) }
    await using connected = await open({ env: webhook })
    await Promise.all([1, 2, 3].map(() => connected.platform.send(out(), signal())))
    expect(await server.connections()).toBeGreaterThan(0)
    server.drop()
    const ofServer = `:${server.port.toString(16).toUpperCase().padStart(4, '0')} `
    await until('no connection is left', 5_000, async () => {
      const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((table) => readFile(table, 'utf8').catch(() => '')))
      // 08 is CLOSE_WAIT, 01 is ESTABLISHED.
      return !tables
        .join('')
        .split('\n')
        .some((row) => row.includes(ofServer) && / (?:01|08) /.test(row))
    })
    await connected.platform.send(out(), signal())
  })

  test.each(['getMe', 'deleteWebhook'])('that fails at %s, however often, leaves nothing behind', { timeout: 60_000 }, async (method) => {
    const rounds = process.env.TALARIA_TEST_FULL ? 1000 : 30
    const faults = [{ kind: 'refuse', status: 401, description: 'Unauthorized' }, { kind: 'cut' }, { kind: 'html', status: 502 }] as const
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const start = await descriptorsOf()
    const timersBefore = timers()
    for (let round = 0; round < rounds; round++) {
      server.fail(method, faults[round % faults.length]!)
      await expect(open()).rejects.toMatchObject({ name: 'PlatformError' })
    }
    await expectSameDescriptors(start)
    expect(timers()).toBeLessThanOrEqual(timersBefore)
    expect(await server.connections()).toBe(0)
  })
})

async function freePort(): Promise<number> {
  await using probe = await TelegramServer.start()
  return probe.port
}
