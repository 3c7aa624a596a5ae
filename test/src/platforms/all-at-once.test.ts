import { setTimeout as sleep } from 'node:timers/promises'
import { TelegramServer } from '@talaria/gateway/test-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGateway, type Gateway } from '../testing/gateway.ts'
import { quietOpenOf } from '../testing/open-of.ts'
import { talaria } from '../testing/talaria.ts'
import { startChatServices, type ChatService } from './chat-services.ts'
import { untilPlatforms, untilSeen } from './until-platforms.ts'

describe('a gateway on Discord, Slack, Feishu and ntfy at once, whose Telegram refuses', { timeout: 60_000 }, () => {
  let services: Awaited<ReturnType<typeof startChatServices>>
  let telegram: TelegramServer
  let gateway: Gateway
  beforeAll(async () => {
    services = await startChatServices()
    telegram = await TelegramServer.start()
    telegram.outage = { kind: 'html', status: 503 }
    const env = Object.assign({}, ...services.all.map((service) => service.env)) as Record<string, string>
    gateway = await startGateway({ env: { ...env, ...telegram.env } })
    await untilPlatforms(gateway, names())
  }, 60_000)
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await telegram?.[Symbol.asyncDispose]()
    await services?.[Symbol.asyncDispose]()
  })

  const names = () => services.all.map(({ platform }) => platform)
  const hears = ({ texts }: ChatService, word: string) => texts().filter((text) => text.trim() === word).length === 1
  const askAll = async (word: string) => {
    for (const service of services.all) service.say(`please\n!say ${word}`)
    for (const service of services.all) await untilSeen(`${word} on ${service.platform}`, () => hears(service, word))
  }
  const open = async () => {
    gateway.api[Symbol.dispose]()
    return quietOpenOf(gateway)
  }

  test('answers on all of them at once, each message once, and has nothing more open for it afterwards', async () => {
    await askAll('warm')
    const before = await open()
    for (let round = 1; round <= 3; round++) await askAll(`round-${round}`)
    await sleep(300)
    for (const { texts } of services.all) expect(texts().map((text) => text.trim())).toEqual(['warm', 'round-1', 'round-2', 'round-3'])
    const { database, socket, pipe, file } = await open()
    expect({ database, pipe, file }).toEqual({ database: before.database, pipe: before.pipe, file: before.file })
    expect(socket).toBeLessThanOrEqual(before.socket)
    await untilSeen('that Telegram is tried again', () => telegram.asked > 1)
  })

  test('says what each platform does, by talaria status and talaria platform list', async () => {
    const [status, list] = await Promise.all([talaria(gateway, 'status'), talaria(gateway, 'platform', 'list')])
    for (const name of names()) {
      expect(status).toMatch(new RegExp(`^${name} +connected`, 'm'))
      expect(list).toMatch(new RegExp(`^${name} +connected`, 'm'))
    }
    expect(list).toMatch(/^telegram +(backing_off|connecting) /m)
    expect(list).toMatch(/^irc +not_configured /m)
  })

  test('leaves a platform that is paused, and comes back when that ends', async () => {
    const ntfy = services.all.find(({ platform }) => platform === 'ntfy')!
    expect(await talaria(gateway, 'platform', 'pause', 'ntfy')).toContain("'ntfy' is paused")
    await untilSeen('that it has left', () => ntfy.connections() === 0)
    await talaria(gateway, 'platform', 'resume', 'ntfy')
    await untilPlatforms(gateway, ['ntfy'])
    await askAll('resumed')
  })

  test('connects a platform that refuses no more when it is told to', async () => {
    telegram.outage = undefined
    expect((await gateway.api.post('/api/platforms/telegram/reconnect', {})).status).toBe(200)
    await untilPlatforms(gateway, ['telegram'])
  })

  // The last: it ends the gateway.
  test('finishes what it is saying when it is asked to end, leaves every platform, and exits with 0', async () => {
    for (const service of services.all) service.say('please\n!pause 700ms\n!say goodbye')
    await untilSeen('that it answers', async () => /runs_active 4/.test((await gateway.api.get('/metrics')).text))
    expect(await gateway.process.stop()).toBe(0)
    for (const service of services.all) expect([service.platform, hears(service, 'goodbye')]).toEqual([service.platform, true])
    await untilSeen('that nothing is connected', () => services.all.every((service) => service.connections() === 0))
  })
})
