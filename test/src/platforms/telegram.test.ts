import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { TelegramServer } from '@talaria/gateway/test-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGateway, type Gateway } from '../testing/gateway.ts'
import { talaria } from '../testing/talaria.ts'
import { untilPlatforms, untilSeen } from './until-platforms.ts'

const SECRET = 'a-secret-of-webhooks-0123456789'
const ROUTES = {
  ask: { prompt: 'please\n!say the agent has heard of build {{number}}', deliver: 'telegram' },
  tell: { prompt: 'build {{number}} is {{state}}', deliver: ['telegram:42'], deliver_only: true },
}

describe('a gateway that polls Telegram', { timeout: 60_000 }, () => {
  let telegram: TelegramServer
  let gateway: Gateway
  beforeAll(async () => {
    telegram = await TelegramServer.start()
    const webhooks = { WEBHOOK_SECRET: SECRET, WEBHOOK_ROUTES: JSON.stringify(ROUTES) }
    gateway = await startGateway({ env: { ...telegram.env, TELEGRAM_ALLOWED_USERS: '42', TELEGRAM_HOME_CHANNEL: '42', ...webhooks } })
    await untilPlatforms(gateway, ['telegram', 'webhook'])
  }, 60_000)
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await telegram?.[Symbol.asyncDispose]()
  })

  const heard = (chat = 42) => telegram.messages.filter(({ parameters }) => String(parameters.chat_id) === String(chat))
  const last = (chat?: number) => String(heard(chat).at(-1)?.parameters.text)
  const metrics = async () => (await gateway.api.get('/metrics')).text

  test('shows an answer while it grows, by edits of one message, which in the end is the stored reply', async () => {
    telegram.queue({ text: 'please\n!stream 30 chunks every 100ms word-{n}' })
    await untilSeen('the beginning', () => heard().length === 1)
    const first = last()
    await untilSeen('the end', () => last().trim().endsWith('word-30'))
    const [message] = heard()
    expect(heard()).toHaveLength(1)
    expect(first.length).toBeLessThan(last().length)
    expect(message!.edits).toBeGreaterThanOrEqual(1)
    const { data } = (await gateway.api.get('/api/sessions?source=telegram')).json as { data: { id: string }[] }
    const stored = (await gateway.api.get(`/api/sessions/${data[0]!.id}/messages`)).json.data as { role: string; content: string }[]
    expect(last().trim()).toBe(stored.findLast(({ role }) => role === 'assistant')!.content.trim())
  })

  test('carries out a command', async () => {
    telegram.queue({ text: '/status' })
    await untilSeen('the status', () => heard().length === 2)
    expect(last()).toContain('Messages: 2.')
  })

  test('tells a stranger a code and nothing else, and lets them in when it is approved', async () => {
    const stranger = { from: { id: 77, is_bot: false, first_name: 'Eve' }, chat: { id: 77, type: 'private' as const, first_name: 'Eve' } }
    telegram.queue({ ...stranger, text: '!say hello' })
    await untilSeen('the code', () => heard(77).length === 1)
    const [, code = ''] = /pairing approve telegram (\S+)/.exec(last(77))!
    telegram.queue({ ...stranger, text: '!say hello again' })
    await untilSeen('that it was denied', async () => /messages_denied_total\{[^}]*unknown_sender[^}]*\} 2/.test(await metrics()))
    expect(heard(77)).toHaveLength(1)
    expect(await talaria(gateway, 'pairing', 'approve', 'telegram', code)).toContain('Eve (77)')
    telegram.queue({ ...stranger, text: '!say welcome' })
    await untilSeen('the answer', () => heard(77).length === 2)
    expect(last(77).trim()).toBe('welcome')
  })

  test('delivers what the agent says to a webhook, and what a webhook says itself, once each', async () => {
    const before = heard().length
    const body = JSON.stringify({ number: 7, state: 'broken' })
    const post = (route: string) =>
      gateway.api.post(`/platforms/webhook/${route}`, body, { headers: { 'X-Webhook-Signature': createHmac('sha256', SECRET).update(body).digest('hex') } })
    expect((await post('ask')).status).toBe(202)
    expect((await post('tell')).status).toBe(202)
    expect((await post('tell')).json).toMatchObject({ status: 'duplicate' })
    await untilSeen('both', () => heard().length === before + 2)
    await sleep(300)
    const texts = heard().map(({ parameters }) => String(parameters.text).trim())
    expect(texts.slice(before).toSorted()).toEqual(['build 7 is broken', 'the agent has heard of build 7'])
  })
})
