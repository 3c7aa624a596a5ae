import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { descriptorsOf, expectSameDescriptors, FakeClock, until } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { openPlatform, type OpenPlatformOptions } from '../../../test/open-platform.ts'
import { NtfyServer } from '../../../test/servers/ntfy-server.ts'
import { ntfy } from './ntfy.ts'

const signal = new AbortController().signal
const TOPIC = 'agent-7f3k'

async function open(server: NtfyServer, options: Partial<OpenPlatformOptions> = {}) {
  return openPlatform(ntfy, { ...options, env: { NTFY_SERVER_URL: server.url, NTFY_TOPIC: TOPIC, ...options.env } })
}

const outbound = (text: string, more = {}) => ({
  id: `out_${text}`,
  address: { platform: 'ntfy', account: 'a', chatId: TOPIC, threadId: '' },
  text,
  attachments: [],
  ...more,
})

test('somebody publishes, we take it in, and what we publish is not taken for a question', async () => {
  await using server = await NtfyServer.start()
  await using t = await open(server)
  const asked = server.publish(TOPIC, { title: 'Hi', message: 'What time is it?' })
  await until('it is in', 2_000, () => t.received.length === 1)
  expect(t.received[0]).toMatchObject({ messageId: asked.id, text: 'Hi\nWhat time is it?', kind: 'direct', sender: { id: TOPIC }, address: { chatId: TOPIC } })
  const { messageId } = await t.platform.send(outbound('Noon.', { silent: true }), signal)
  expect(server.messages.at(-1)).toMatchObject({ id: messageId, message: 'Noon.', priority: 2 })
  server.publish(TOPIC, { message: 'Thanks' })
  await until('the next is in', 2_000, () => t.received.length === 2)
  expect(t.received.map(({ text }) => text)).toEqual(['Hi\nWhat time is it?', 'Thanks'])
})

test('what was published while nobody listened is taken in, once', async () => {
  await using server = await NtfyServer.start()
  server.publish(TOPIC, { message: 'too old', time: Math.floor(Date.now() / 1_000) - 13 * 3_600 })
  server.publish(TOPIC, { message: 'while you were out' })
  await using t = await open(server)
  await until('it is in', 2_000, () => t.received.length === 1)
  expect(t.received[0]!.text).toBe('while you were out')
})

test('answers go to a topic of their own when one is set', async () => {
  await using server = await NtfyServer.start()
  await using t = await open(server, { env: { NTFY_PUBLISH_TOPIC: 'answers' } })
  await t.platform.send(outbound('Noon.'), signal)
  expect(server.messages[0]).toMatchObject({ topic: 'answers' })
})

test('a message whose outcome is unknown is found by its tag, or is not there', async () => {
  await using server = await NtfyServer.start()
  await using t = await open(server)
  server.diesAfterPublish = true
  await expect(t.platform.send(outbound('Noon.'), signal)).rejects.toMatchObject({ code: 'unknown_outcome' })
  expect(await t.platform.find!(outbound('Noon.'), signal)).toEqual({ messageId: server.messages[0]!.id })
  expect(await t.platform.find!(outbound('Midnight.'), signal)).toBeUndefined()
})

test('files go both ways; a file that the server does not keep itself is never fetched', async () => {
  await using server = await NtfyServer.start()
  await using t = await open(server)
  const folder = await mkdtemp(join(tmpdir(), 'ntfy-'))
  try {
    const path = join(folder, 'a')
    await writeFile(path, 'bytes')
    await t.platform.send(outbound('Für dich', { attachments: [{ kind: 'document', path, name: 'a.txt', mediaType: 'text/plain' }] }), signal)
    expect(server.files.get('/file/0.bin')?.toString()).toBe('bytes')
    const url = `${server.url}/file/0.bin`
    server.publish(TOPIC, { message: 'ours?', attachment: { name: '../../etc/passwd', url } })
    server.publish(TOPIC, { message: 'theirs', attachment: { name: 'x', url: 'http://169.254.169.254/latest/meta-data' } })
    server.publish(TOPIC, { message: 'tricky', attachment: { name: 'x', url: `${server.url}/v1/health` } })
    await until('they are in', 2_000, () => t.received.length === 3)
    expect(t.received.map(({ attachments }) => attachments.length)).toEqual([1, 0, 0])
    const [file] = t.received[0]!.attachments
    expect(Buffer.from(await t.platform.download!(file!, { maxBytes: 5 }, signal)).toString()).toBe('bytes')
    await expect(t.platform.download!(file!, { maxBytes: 4 }, signal)).rejects.toMatchObject({ code: 'attachment_too_large' })
  } finally {
    await rm(folder, { recursive: true })
  }
})

test.each([
  [401, 'auth_failed'],
  [403, 'missing_permission'],
  [404, 'chat_not_found'],
  [429, 'rate_limited'],
  [500, 'server_error'],
])('a server that answers %i is a failure to connect, called %s, and leaves nothing open', async (status, code) => {
  await using server = await NtfyServer.start()
  server.status = status
  const before = await descriptorsOf()
  await expect(open(server)).rejects.toMatchObject({ code, ...(status === 429 && { retryAfterMs: 7_000 }) })
  await expectSameDescriptors(before)
})

test('a token opens a protected topic', async () => {
  await using server = await NtfyServer.start()
  server.token = 'tk_1'
  await expect(open(server)).rejects.toMatchObject({ code: 'auth_failed' })
  await using t = await open(server, { env: { NTFY_TOKEN: 'tk_1' } })
  await t.platform.probe(signal)
})

test('a server that is not there is the network’s fault, for messages as well', async () => {
  const server = await NtfyServer.start()
  await using t = await open(server)
  await server[Symbol.asyncDispose]()
  await expect(t.platform.send(outbound('Noon.'), signal)).rejects.toMatchObject({ code: 'network' })
  await expect(t.platform.probe(signal)).rejects.toMatchObject({ code: 'network' })
})

test('a stream that ends, or falls silent, ends the attempt', async () => {
  await using server = await NtfyServer.start()
  await using dropped = await open(server)
  server.drop()
  expect(await dropped.attempt.ended).toMatchObject({ policy: { connection: 'retryable' } })
  const clock = new FakeClock()
  await using silent = await open(server, { clock })
  await clock.advance(120_000)
  server.write('{"id":"k","time":1,"event":"keepalive","topic":"t"}\n')
  await until('it was heard', 1_000, async () => (await silent.platform.probe(signal)) === undefined)
  await clock.advance(180_000)
  expect(await silent.attempt.ended).toMatchObject({ code: 'connection_lost', message: expect.stringContaining('silent') })
})

test('a message that could not be written down ends the attempt, so that the server is asked for it again', async () => {
  await using server = await NtfyServer.start()
  await using t = await open(server, { receive: () => Promise.reject(new Error('the disk is full')) })
  server.publish(TOPIC, { message: 'x' })
  expect((await t.attempt.ended).message).toContain('the disk is full')
})

test('lines that are no messages are left out', async () => {
  await using server = await NtfyServer.start()
  await using t = await open(server)
  server.write('not json\n{"event":"message"}\n\n')
  server.publish(TOPIC, { message: 'after' })
  await until('it is in', 2_000, () => t.received.length === 1)
})

/** @see I-2, L15 */
test('attempts that fail, and attempts that end, leave nothing open', async () => {
  await using server = await NtfyServer.start()
  const before = await descriptorsOf()
  const clock = new FakeClock()
  for (let n = 0; n < (process.env.TALARIA_TEST_FULL ? 1_000 : 30); n++) {
    server.status = n % 2 ? 503 : undefined
    const attempt = open(server, { clock }).then((t) => t[Symbol.asyncDispose]())
    if (n % 2) await expect(attempt).rejects.toMatchObject({ code: 'server_error' })
    else await attempt
  }
  await until('the server sees no connection', 2_000, () => server.connections === 0)
  await expectSameDescriptors(before)
  expect(clock.sleeping).toBe(0)
})

test('without a topic, or with one that is none, nothing is opened and the plan says why', () => {
  const plan = (ntfyTopic?: string) => ntfy.plan({ ntfyTopic } as Parameters<typeof ntfy.plan>[0])
  expect([plan(), plan('a/b'), plan('a-b')].map(({ state }) => state)).toEqual(['not_configured', 'misconfigured', 'ready'])
})
