import { createHmac } from 'node:crypto'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { systemClock } from '@talaria/core'
import { descriptorsOf, expectSameDescriptors, FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { openPlatform, type OpenPlatformOptions } from '../../../test/open-platform.ts'
import type { WebhookRoute } from './webhook-route.ts'
import { planWebhook } from './webhook-plan.ts'
import { webhook } from './webhook.ts'

const SECRET = 'b0a9f3d17c5e2846'
const clock = new FakeClock()
const seconds = () => String(Math.floor(clock.now() / 1_000))

type Route = Partial<Omit<WebhookRoute, 'filters'>> & { filters?: Record<string, string | string[]> }

async function open(routes: Record<string, Route>, options: Partial<OpenPlatformOptions> = {}) {
  const env = { WEBHOOK_SECRET: SECRET, WEBHOOK_ROUTES: JSON.stringify(routes), ...options.env }
  const opened = await openPlatform(webhook, { clock, ...options, env })
  const post = async (route: string, body: string | Uint8Array, headers: Record<string, string> = {}) =>
    opened.attempt.mounted!(
      new Request(`http://gateway/platforms/webhook/${route}`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } }),
    )
  return Object.assign(opened, { post, [Symbol.asyncDispose]: opened[Symbol.asyncDispose] })
}

const hex = (body: string, secret = SECRET) => createHmac('sha256', secret).update(body).digest('hex')
const base64 = (body: string, key: string | Buffer) => createHmac('sha256', key).update(body).digest('base64')

/** How each kind of sender signs a body; `at` is its time in seconds. */
const SIGN: Record<string, (body: string, at?: string, secret?: string) => Record<string, string>> = {
  github: (body, _, secret) => ({ 'x-hub-signature-256': `sha256=${hex(body, secret)}`, 'x-github-event': 'push', 'x-github-delivery': 'd-1' }),
  gitlab: (_, __, secret = SECRET) => ({ 'x-gitlab-token': secret, 'x-gitlab-event': 'Push Hook', 'x-gitlab-event-uuid': 'd-1' }),
  stripe: (body, at = seconds(), secret = SECRET) => ({ 'stripe-signature': `t=${at},v1=${hex('old', secret)},v1=${hex(`${at}.${body}`, secret)}` }),
  svix: (body, at = seconds(), secret = SECRET) => ({
    'svix-id': 'msg_1',
    'svix-timestamp': at,
    'svix-signature': `v1,bm90IGl0 v1,${base64(`msg_1.${at}.${body}`, secret)}`,
  }),
  generic: (body, _, secret) => ({ 'x-webhook-signature': hex(body, secret), 'x-request-id': 'd-1' }),
  timed: (body, at = seconds(), secret = SECRET) => ({ 'x-webhook-timestamp': at, 'x-webhook-signature-v2': hex(`${at}.${body}`, secret) }),
}
const KINDS = Object.keys(SIGN)
const routeOf = (kind: string): Route => ({ signature: (kind === 'timed' ? 'generic' : kind) as WebhookRoute['signature'] })

test.each(KINDS)('a delivery signed as %s does is taken in once, however often it is delivered', async (kind) => {
  await using t = await open({ a: routeOf(kind) })
  const body = JSON.stringify({ id: 'evt_1', hello: 'world' })
  const first = await t.post('a', body, SIGN[kind]!(body))
  expect(first.status).toBe(202)
  const again = await t.post('a', body, SIGN[kind]!(body))
  expect([again.status, await again.json()]).toEqual([200, { status: 'duplicate', delivery_id: t.received[0]!.messageId }])
  expect(t.received).toEqual([expect.objectContaining({ isVouchedFor: true, mentionsUs: true, delivery: { to: ['log'] } })])
})

test.each(KINDS)('a delivery that is not signed, or by another, or changed after, is refused: %s', async (kind) => {
  await using t = await open({ a: routeOf(kind) })
  const body = '{"amount":1}'
  const forged = [await t.post('a', body), await t.post('a', body, SIGN[kind]!(body, undefined, 'another-secret-of-theirs'))]
  if (kind !== 'gitlab') forged.push(await t.post('a', '{"amount":2}', SIGN[kind]!(body)))
  expect(forged.map(({ status }) => status)).toEqual(forged.map(() => 401))
  expect(t.received).toEqual([])
})

test.each(['stripe', 'svix', 'timed'])('a delivery replayed after five minutes is refused, and so is one from the future: %s', async (kind) => {
  await using t = await open({ a: routeOf(kind) })
  const at = (offset: number) => String(Math.floor(clock.now() / 1_000) + offset)
  const statuses = []
  for (const offset of [-301, 301, -299]) statuses.push((await t.post('a', '{}', SIGN[kind]!('{}', at(offset)))).status)
  expect(statuses).toEqual([401, 401, 202])
})

test('a replayed delivery of GitHub is a duplicate even under another id, because nothing signs its id', async () => {
  await using t = await open({ a: routeOf('github') })
  await t.post('a', '{}', SIGN.github!('{}'))
  expect(await (await t.post('a', '{}', { ...SIGN.github!('{}'), 'x-github-delivery': 'd-2' })).json()).toMatchObject({ status: 'duplicate' })
})

test('a key of Svix is what its base64 says', async () => {
  const key = Buffer.from('0123456789abcdefghij-key')
  await using t = await open({ a: { ...routeOf('svix'), secret: `whsec_${key.toString('base64')}` } })
  const headers = { 'svix-id': 'm', 'svix-timestamp': seconds(), 'svix-signature': `v1,${base64(`m.${seconds()}.{}`, key)}` }
  expect((await t.post('a', '{}', headers)).status).toBe(202)
})

test('each delivery is a conversation of its own', async () => {
  await using t = await open({ a: {} })
  for (const id of ['one', 'two']) await t.post('a', `{"n":"${id}"}`, { ...SIGN.generic!(`{"n":"${id}"}`), 'x-request-id': id })
  expect(t.received.map(({ address }) => address)).toEqual(
    ['one', 'two'].map((threadId) => ({ platform: 'webhook', account: 'webhook', chatId: 'a', threadId })),
  )
})

test('what cannot be taken in is refused with the status that says why', async () => {
  await using t = await open({ a: {}, off: { enabled: false } })
  const send = async (route: string, body: string, headers = SIGN.generic!(body)) => (await t.post(route, body, headers)).status
  const large = 'x'.repeat(1024 * 1024 + 1)
  expect([await send('b', '{}'), await send('__proto__', '{}'), await send('off', '{}'), await send('a', large), await send('a', '{"a":')]).toEqual([
    404, 404, 403, 413, 400,
  ])
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(100_000)) })
  const request = new Request('http://gateway/platforms/webhook/a', { method: 'POST', body: endless, duplex: 'half' })
  expect((await t.attempt.mounted!(request)).status).toBe(413)
  expect((await t.attempt.mounted!(new Request('http://gateway/platforms/webhook/a'))).status).toBe(405)
  expect(t.received).toEqual([])
})

test('a route takes in thirty deliveries a minute; forged ones do not count', async () => {
  await using t = await open({ a: {}, b: {} })
  const send = async (n: number, route = 'a') => t.post(route, `{"n":${n}}`, { ...SIGN.generic!(`{"n":${n}}`), 'x-request-id': `r-${n}` })
  for (let n = 0; n < 40; n++) await t.post('a', '{}')
  for (let n = 0; n < 30; n++) expect((await send(n)).status).toBe(202)
  const refused = await send(30)
  expect([refused.status, refused.headers.get('retry-after'), (await send(31, 'b')).status]).toEqual([429, '60', 202])
  await clock.advance(60_000)
  expect((await send(30)).status).toBe(202)
})

test('only the events and payloads that a route asks for are taken in', async () => {
  const filters = { 'repo.name': ['talaria', 'core'] }
  await using t = await open({ a: { ...routeOf('github'), events: ['push', 'pull_request.opened'], filters } })
  const send = async (event: string, payload: unknown) => {
    const body = JSON.stringify(payload)
    return (await t.post('a', body, { ...SIGN.github!(body), 'x-github-event': event })).status
  }
  const repo = { name: 'talaria' }
  expect([
    await send('push', { repo }),
    await send('pull_request', { action: 'opened', repo }),
    await send('pull_request', { action: 'closed', repo }),
    await send('ping', { repo }),
    await send('push', { repo: { name: 'other' } }),
    await send('push', {}),
  ]).toEqual([202, 202, 200, 200, 200, 200])
})

test('a template is filled from the payload once, and nothing in it is executed', async () => {
  const prompt = '{{event}} by {{ sender.login }}: {{list.0}} {{obj}} [{{none.of.it}}] [{{__proto__}}] [{{constructor.name}}] {{constructor("x")()}}'
  await using t = await open({ a: { ...routeOf('github'), prompt } })
  const body = JSON.stringify({ sender: { login: '{{list.0}} $& $1' }, list: ['first'], obj: { a: 1 } })
  await t.post('a', body, SIGN.github!(body))
  expect(t.received[0]!.text).toBe('push by {{list.0}} $& $1: first {"a":1} [] [] [] {{constructor("x")()}}')
})

test('a payload cannot give the gateway a command', async () => {
  await using t = await open({ a: { prompt: '{{text}}' } })
  const body = JSON.stringify({ text: '  /yolo' })
  await t.post('a', body, SIGN.generic!(body))
  expect(t.received[0]!.text).toBe('a: /yolo')
})

test('a form is read as well, and a payload within it', async () => {
  await using t = await open({ a: { prompt: '{{a}}{{b}}' } })
  for (const body of ['a=1&b=2', `payload=${encodeURIComponent('{"a":3}')}`]) {
    await t.post('a', body, { ...SIGN.generic!(body), 'x-request-id': body.slice(0, 3), 'content-type': 'application/x-www-form-urlencoded' })
  }
  expect(t.received.map(({ text }) => text)).toEqual(['12', '3'])
})

test('what a route delivers, and that no agent is asked, travels with the message', async () => {
  await using t = await open({ a: { deliver: ['telegram', 'irc:#ops'], deliver_only: true } })
  await t.post('a', '{}', SIGN.generic!('{}'))
  expect(t.received[0]!.delivery).toEqual({ to: ['telegram', 'irc:#ops'], isDirect: true })
})

test('a delivery that could not be written down is not acknowledged', async () => {
  await using t = await open({ a: {} }, { receive: () => Promise.reject(new Error('the disk is full')) })
  await expect(t.post('a', '{}', SIGN.generic!('{}'))).rejects.toThrow('the disk is full')
})

test('a port of its own answers at the paths people know, and is gone with the attempt', async () => {
  const before = await descriptorsOf()
  const port = await freePort()
  {
    await using t = await open({ a: {} }, { clock: systemClock, env: { WEBHOOK_PORT: String(port) } })
    const url = `http://127.0.0.1:${port}`
    expect((await fetch(`${url}/health`)).status).toBe(200)
    expect((await fetch(`${url}/webhooks/a`, { method: 'POST', body: '{}', headers: SIGN.generic!('{}') })).status).toBe(202)
    expect(t.received).toHaveLength(1)
    await expect(open({ a: {} }, { env: { WEBHOOK_PORT: String(port) } })).rejects.toMatchObject({ code: 'address_in_use' })
  }
  await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow('fetch failed')
  await expectSameDescriptors(before)
})

/** @see I-2 */
test('failed attempts leave nothing open', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const before = await descriptorsOf()
  const env = { WEBHOOK_PORT: String((taken.address() as { port: number }).port) }
  for (let n = 0; n < (process.env.TALARIA_TEST_FULL ? 1_000 : 30); n++)
    await expect(open({ a: {} }, { env })).rejects.toMatchObject({ code: 'address_in_use' })
  await expectSameDescriptors(before)
  expect(clock.sleeping).toBe(0)
  taken.close()
})

test('without routes, or with a route without a secret, nothing is opened and the plan says why', () => {
  const plan = (webhookRoutes: Record<string, Route>, webhookSecret?: string, webhookEnabled?: boolean) =>
    planWebhook({ webhookRoutes: webhookRoutes as unknown as Record<string, WebhookRoute>, webhookSecret, webhookEnabled })
  expect(plan({ a: {} }, SECRET)).toEqual({ state: 'ready' })
  expect(plan({ a: { secret: SECRET } })).toEqual({ state: 'ready' })
  expect(plan({}, SECRET)).toMatchObject({ state: 'not_configured' })
  expect(plan({ a: {} }, SECRET, false)).toMatchObject({ state: 'disabled' })
  expect(plan({ a: {} })).toMatchObject({ state: 'misconfigured', reason: expect.stringContaining("'a' has none, and WEBHOOK_SECRET is not set") })
  expect(plan({ a: { secret: 'short' } }, SECRET)).toMatchObject({ state: 'misconfigured', reason: expect.stringContaining('fewer than 16') })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
