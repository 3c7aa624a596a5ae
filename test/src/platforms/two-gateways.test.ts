import { setTimeout as sleep } from 'node:timers/promises'
import { TelegramServer } from '@talaria/gateway/test-servers'
import { temporaryHome } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { startGateway, type Gateway } from '../testing/gateway.ts'
import { untilPlatforms, untilSeen } from './until-platforms.ts'

const telegramOf = async ({ api }: Gateway) => {
  const { json } = await api.get('/api/platforms')
  return (json.data as { name: string; state: string; reason: string | null }[]).find(({ name }) => name === 'telegram')!
}

test(
  'of two gateways on one home one is on Telegram; when it is killed the other takes over, and no message is answered twice',
  { timeout: 60_000 },
  async () => {
    using home = temporaryHome()
    await using telegram = await TelegramServer.start()
    const options = { home: home.path, key: 'a-key-of-two-gateways-0123456789', env: { ...telegram.env, TELEGRAM_ALLOWED_USERS: '42' } }
    await using first = await startGateway(options)
    await untilPlatforms(first, ['telegram'])
    await using second = await startGateway(options)
    await untilSeen('that the second stands by', async () => (await telegramOf(second)).state === 'backing_off')
    expect((await telegramOf(second)).reason).toMatch(new RegExp(`^The account is held by gateway runner_\\w+ \\(pid ${first.process.pid}\\) until \\d{4}-`))

    let asked = 0
    const ask = (count: number) => {
      for (let left = count; left > 0; left--) telegram.queue({ text: `!say reply-${++asked};`, chat: { id: 900 + asked, type: 'private', first_name: 'Ada' } })
    }
    const saidIn = (chat: number) =>
      telegram.messages.filter(({ parameters }) => Number(parameters.chat_id) === chat).map(({ parameters }) => String(parameters.text).trim())
    ask(5)
    await untilSeen('that the first answers', () => saidIn(901).length > 0)
    expect((await telegramOf(second)).state).toBe('backing_off')
    ask(5)
    await first.process.stop('SIGKILL')
    const killedAt = performance.now()
    await untilPlatforms(second, ['telegram'])
    expect(performance.now() - killedAt).toBeLessThan(10_000)
    ask(5)
    const chats = Array.from({ length: asked }, (_, index) => 901 + index)
    await untilSeen('an answer to each', () => chats.every((chat) => saidIn(chat).length > 0))
    await sleep(300)
    for (const chat of chats) {
      const plain = saidIn(chat).filter((text) => !/may be a duplicate|cut this answer short/.test(text))
      expect([chat, plain.length <= 1, saidIn(chat).length - plain.length <= 1]).toEqual([chat, true, true])
    }
  },
)
