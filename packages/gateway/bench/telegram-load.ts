/**
 * Is Telegram to a bot to which many people write at once, at a steady rate, and measures how long their answers take;
 * prints JSON, and is there until it is ended. Arguments: messages a second, chats, and seconds.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { TelegramServer } from '../test/servers/telegram-server.ts'

const [rate = 1_000, chats = 1_000, seconds = 60] = process.argv.slice(2).map(Number)

/** Every conversation is there and everything compiled when measuring begins. */
const WARM_UP_SECONDS = 5
const TICK_MS = 2
/** What is not answered so long after the last answer is lost, or too late to matter. */
const PATIENCE_MS = 5_000
const FIRST_CHAT = 100_000

const server = await TelegramServer.start()
console.log(`env ${JSON.stringify({ ...server.env, TELEGRAM_ALLOWED_USERS: '42' })}`)
while (server.calls.every(({ method }) => method !== 'getUpdates')) await sleep(TICK_MS)

const saidAt: number[] = []
const answeredAt: number[] = []
let answers = 0
let doubled = 0
let hasBegun = false
let lastAnswer = performance.now()
const begun = performance.now()
const total = rate * (WARM_UP_SECONDS + seconds)

while (saidAt.length < total || (answers < total && performance.now() - lastAnswer < PATIENCE_MS)) {
  hear()
  const now = performance.now()
  const due = Math.min(total, Math.floor(((now - begun) / 1_000) * rate))
  while (saidAt.length < due) say(now)
  if (!hasBegun && now - begun > WARM_UP_SECONDS * 1_000) {
    hasBegun = true
    console.log('measuring')
  }
  await sleep(TICK_MS)
}

const measured = Array.from({ length: rate * seconds }, (_, index) => rate * WARM_UP_SECONDS + index)
const answered = measured.filter((number) => answeredAt[number] !== undefined)
const times = answered.map((number) => answeredAt[number]! - saidAt[number]!).toSorted((a, b) => a - b)
const quantile = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? null
const perSecond = answered.length / ((lastAnswer - begun) / 1_000 - WARM_UP_SECONDS)
console.log(JSON.stringify({ said: total, unanswered: total - answers, doubled, perSecond, p50Ms: quantile(0.5), p99Ms: quantile(0.99) }))

function say(now: number): void {
  const number = saidAt.push(now) - 1
  const chat = { id: FIRST_CHAT + (number % chats), type: 'private' as const, first_name: 'Ada' }
  server.queue({ text: `!say reply-${number};`, message_id: FIRST_CHAT + number, chat })
}

/** Looks what was sent; an answer is acknowledged in the moment that it is kept. */
function hear(): void {
  const now = performance.now()
  for (const { parameters } of server.messages.splice(0)) {
    const number = Number(/reply-(\d+);/.exec(String(parameters.text))?.[1])
    if (answeredAt[number] !== undefined) doubled += 1
    else {
      answeredAt[number] = lastAnswer = now
      answers += 1
    }
  }
  server.calls.length = 0
}
