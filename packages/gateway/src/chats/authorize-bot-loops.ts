import type { Clock } from '@talaria/core'
import type { InboundMessage } from './inbound-message.ts'

/** More in a row, without a person in between, is two machines that talk to each other. */
const MESSAGES_IN_A_ROW = 10
const WINDOW_MS = 60 * 60_000

/** More chats than have bots; beyond it the oldest is forgotten, so that memory stays bounded. */
const MAX_CHATS = 10_000

interface Row {
  count: number
  readonly endsAt: number
}

/** Ends what two bots say to each other: of bots alone, ten messages an hour are let in per chat. A person's word begins anew. */
export class BotLoops {
  readonly #clock: Clock
  readonly #rows = new Map<string, Row>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Notes a message that is let in otherwise; `loop` when it must not be. */
  note({ address, sender }: InboundMessage): 'fine' | 'loop' {
    const chat = JSON.stringify([address.platform, address.account, address.chatId, address.threadId])
    if (!sender.isBot) {
      this.#rows.delete(chat)
      return 'fine'
    }
    const now = this.#clock.monotonic()
    const known = this.#rows.get(chat)
    const row = known && known.endsAt > now ? known : { count: 0, endsAt: now + WINDOW_MS }
    this.#rows.delete(chat)
    if (this.#rows.size >= MAX_CHATS) this.#rows.delete(this.#rows.keys().next().value!)
    this.#rows.set(chat, row)
    return ++row.count > MESSAGES_IN_A_ROW ? 'loop' : 'fine'
  }
}
