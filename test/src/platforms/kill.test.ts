import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '@talaria/core/testing'
import { TelegramServer } from '@talaria/gateway/test-servers'
import { temporaryHome } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { startGateway, type Gateway } from '../testing/gateway.ts'
import { Random } from '../testing/random.ts'
import { untilPlatforms, untilSeen } from './until-platforms.ts'

const KEY = 'a-key-that-outlives-the-process-0123456789'
const ROUNDS = process.env.TALARIA_TEST_FULL ? 50 : 2
const SEED = Number(process.env.TALARIA_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))

async function start(home: string, telegram: TelegramServer): Promise<Gateway> {
  const gateway = await startGateway({ home, key: KEY, env: { ...telegram.env, TELEGRAM_ALLOWED_USERS: '42' } })
  await untilPlatforms(gateway, ['telegram'])
  return gateway
}

const textsIn = ({ messages }: TelegramServer, chat: number) =>
  messages.filter(({ parameters }) => Number(parameters.chat_id) === chat).map(({ parameters }) => String(parameters.text).trim())
const isIdle = async ({ api }: Gateway) => /runs_active 0/.test((await api.get('/metrics')).text)

/** @see OpenClaw #51620, hermes-agent #16668: messages that a restart lost, and replies that it doubled. */
test('a gateway that is killed says what it cut short and what may be a duplicate, and answers what waited, each once', { timeout: 60_000 }, async () => {
  using home = temporaryHome()
  await using telegram = await TelegramServer.start()
  const said = (chat: number) => textsIn(telegram, chat)
  const to = (id: number) => ({ chat: { id, type: 'private' as const, first_name: 'Ada' } })
  await using first = await start(home.path, telegram)
  telegram.fail('sendMessage', { kind: 'hang' })
  telegram.queue({ text: '/help', ...to(1) })
  await untilSeen('that it sends', () => telegram.calls.some(({ method }) => method === 'sendMessage'))
  telegram.queue({ text: '!hang', ...to(2) })
  telegram.queue({ text: '!say second', ...to(2) })
  await untilSeen('that all are taken', () => telegram.confirmed === 3)
  // Shown from when the turn is on disk.
  await untilSeen('that it answers', () => telegram.calls.some(({ method }) => method === 'sendChatAction'))
  await first.process.stop('SIGKILL')
  await using _second = await start(home.path, telegram)
  // Sooner than the look for what others have left behind.
  await until('all answers', 10_000, () => said(1).length > 0 && said(2).length >= 2)
  await sleep(300)
  expect(said(2)).toEqual([expect.stringContaining('A restart cut this answer short'), 'second'])
  expect(said(1)).toHaveLength(new Set(said(1)).size)
  expect(said(1)[0]).toContain('(this may be a duplicate)')
})

test(
  `every message is answered once, or with a word about it, by ${ROUNDS} gateways that are killed (seed ${SEED})`,
  { timeout: ROUNDS * 30_000 },
  async () => {
    using home = temporaryHome()
    await using telegram = await TelegramServer.start()
    const random = new Random(SEED)
    let asked = 0
    for (let round = 1; round <= ROUNDS; round++) {
      await using gateway = await start(home.path, telegram)
      for (let chat = 0; chat < 10; chat++) {
        telegram.queue({ text: `!say reply-${++asked};`, message_id: 100_000 + asked, chat: { id: 900 + asked, type: 'private', first_name: 'Ada' } })
      }
      await sleep(random.next() * 250)
      await gateway.process.stop('SIGKILL')
    }
    await using gateway = await start(home.path, telegram)
    const saidIn = (chat: number) => textsIn(telegram, chat)
    const numbers = Array.from({ length: asked }, (_, index) => index + 1)
    await untilSeen('an answer to each', async () => numbers.every((number) => saidIn(900 + number).length > 0) && isIdle(gateway))
    await sleep(300)
    for (const number of numbers) {
      const texts = saidIn(900 + number)
      const words = texts.filter((text) => /may be a duplicate|cut this answer short/.test(text))
      const plain = texts.filter((text) => !words.includes(text))
      // Where Telegram cannot say whether a notice arrived it comes again and says so; an answer and a notice would be two ends of one turn.
      const copies = words.filter((text) => /cut this answer short/.test(text) && text.includes('may be a duplicate'))
      expect([number, plain.length <= 1, plain.length + words.length >= 1, words.length - copies.length <= 1, texts], `seed ${SEED}`).toEqual([
        number,
        true,
        true,
        true,
        texts,
      ])
      for (const text of plain) expect(`reply-${number};`).toContain(text.trim().replace(/\s*▌$/, ''))
    }
  },
)
