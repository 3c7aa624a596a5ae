import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { silentLog, systemClock, type Clock } from '@talaria/core'
import { until } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { LeapingClock } from '../testing/leaping-clock.ts'
import { openTestBoards, type TestBoards } from '../testing/test-board.ts'
import { Notifier } from './notifier.ts'
import { postWebhook } from './post-webhook.ts'
import { isPrivateAddress } from './private-address.ts'
import { webhookDeliveries } from './webhook-deliveries.ts'

type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** A receiver on this host; each call is answered by the next of its answers, the last one again and again. */
async function startReceiver(...answers: readonly Answer[]) {
  const calls: { readonly headers: IncomingMessage['headers']; readonly body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => {
      const answer = answers[Math.min(calls.length, answers.length - 1)]!
      calls.push({ headers: request.headers, body })
      answer(response, request)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    calls,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const taken: Answer = (response) => void response.writeHead(204).end()
const silent: Answer = () => {}

function startNotifier({ databases, storesOf }: TestBoards, clock: Clock, isOn = () => true) {
  const deliveries = webhookDeliveries({ mayBePrivate: true, timeoutMs: 200, clock })
  const notifier = new Notifier({ boards: databases.boards, storesOf, deliveries, isOn, random: () => 0, clock, log: silentLog })
  notifier.start()
  return notifier
}

async function doneTask({ storesOf }: TestBoards): Promise<void> {
  const { tasks } = storesOf('default')
  const { task } = await tasks.create({ title: 'Write the report', assignee: 'anna' }, 'test')
  await tasks.complete(task.number, { summary: 'Two pages.' }, { actor: 'test' })
}

test('a webhook is called once with what happened, signed with the secret of its subscription', async () => {
  await using receiver = await startReceiver(taken)
  await using boards = await openTestBoards()
  await boards.storesOf('default').subscriptions.add(null, { target: { kind: 'webhook', url: receiver.url, secret: 'a secret of twenty letters' } }, 'test')
  await using _ = startNotifier(boards, systemClock)
  await doneTask(boards)
  await until('the call', 5_000, () => receiver.calls.length > 0)
  const { headers, body } = receiver.calls[0]!
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers
  expect(signature).toBe(
    `v1,${createHmac('sha256', 'a secret of twenty letters')
      .update(`${String(id)}.${String(timestamp)}.${body}`)
      .digest('base64')}`,
  )
  expect(Math.abs(Number(timestamp) * 1_000 - Date.now())).toBeLessThan(10_000)
  expect(JSON.parse(body)).toMatchObject({
    type: 'task.completed',
    data: {
      board: 'default',
      text: '✔ #1 done: Write the report (@anna)\nTwo pages.',
      events: [{ kind: 'task.completed', actor: 'test', task: { number: 1, title: 'Write the report' }, payload: { summary: 'Two pages.' } }],
    },
  })
  await until('the cursor', 5_000, async () => (await boards.storesOf('default').subscriptions.behind('webhook', 9)).length === 0)
  expect(receiver.calls).toHaveLength(1)
})

test('a receiver that fails, hangs, hangs up or sends elsewhere is called again under the same id until it takes it', async () => {
  const clock = new LeapingClock()
  await using receiver = await startReceiver(
    (response) => void response.writeHead(500).end(),
    silent,
    (_, request) => request.socket.destroy(),
    (response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    taken,
  )
  await using boards = await openTestBoards(['default'], { clock })
  const { subscriptions } = boards.storesOf('default')
  await subscriptions.add(null, { target: { kind: 'webhook', url: receiver.url } }, 'test')
  await using _ = startNotifier(boards, clock)
  await doneTask(boards)
  const errors = new Set<string | null>()
  await until('it is taken', 10_000, async () => {
    errors.add((await subscriptions.list())[0]!.lastError)
    clock.leap(15_000)
    return receiver.calls.length >= 5 && (await subscriptions.behind('webhook', 9)).length === 0
  })
  expect(receiver.calls).toHaveLength(5)
  expect(new Set(receiver.calls.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  expect(receiver.calls[0]!.headers).not.toHaveProperty('webhook-signature')
  for (const part of ['status 500', 'within 0.2 s', 'ECONNRESET', 'redirect (302)']) expect([...errors].join('\n')).toContain(part)
  expect((await subscriptions.list())[0]).toMatchObject({ failures: 0, lastError: null })
})

test('only the service whose turn it is calls', async () => {
  const clock = new LeapingClock()
  await using receiver = await startReceiver(taken)
  await using boards = await openTestBoards(['default'], { clock })
  await boards.storesOf('default').subscriptions.add(null, { target: { kind: 'webhook', url: receiver.url } }, 'test')
  let isLeading = false
  await using _ = startNotifier(boards, clock, () => isLeading)
  await doneTask(boards)
  await systemClock.delay(200)
  expect(receiver.calls).toHaveLength(0)
  isLeading = true
  await until('the call', 5_000, () => {
    clock.leap(15_000)
    return receiver.calls.length === 1
  })
})

test('addresses of this host and of private networks are not called, however they are written', async () => {
  await using receiver = await startReceiver(taken)
  const { port } = new URL(receiver.url)
  for (const host of [
    '127.0.0.1',
    'localhost',
    '127.1',
    '2130706433',
    '0x7f.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '0.0.0.0',
    '169.254.169.254',
  ]) {
    const post = postWebhook({ url: `http://${host}:${port}/`, headers: {}, body: '{}', mayBePrivate: false, timeoutMs: 500, clock: systemClock })
    await expect(post, host).rejects.toMatchObject({ code: 'webhook_refused' })
  }
  expect(receiver.calls).toHaveLength(0)
})

test('private addresses are told from public ones', () => {
  const privates = [
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '127.8.8.8',
    '169.254.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
  ]
  const more = ['fd00::1', 'fe80::1', 'fec0::1', 'ff02::1', '::ffff:10.0.0.1', '::ffff:8.8.8.8', '64:ff9b::a00:1', '2002:a00:1::', 'not an address', '']
  for (const address of [...privates, ...more]) expect(isPrivateAddress(address), address).toBe(true)
  for (const address of ['8.8.8.8', '172.32.0.1', '172.15.0.1', '100.128.0.1', '1.1.1.1', '2606:4700::1111', '2a00:1450::1'])
    expect(isPrivateAddress(address), address).toBe(false)
})
