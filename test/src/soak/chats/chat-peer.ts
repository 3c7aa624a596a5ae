import type { ChaosLine } from './chaos-line.ts'

/** What a chat service can be told to do wrong in its own words, until it is healed. */
export type PeerFault =
  /** Its flood control, which says how long to wait. */
  | 'rate_limits'
  /** 503, or no service at all. */
  | 'unavailable'
  /** Does what it is asked, and the connection breaks before it has said so. */
  | 'dies_after_send'

/** A chat service of our own on loopback, and the people who write to the agent there. */
export interface ChatPeer extends AsyncDisposable {
  readonly platform: string
  /** What a gateway has to be told to be connected to it through its lines, and to listen to these people. */
  readonly env: Readonly<Record<string, string>>
  /** Where people write; each is one conversation. */
  readonly chats: readonly string[]
  /** Whether it brings again what nobody has taken; of one that does not, what is said while nobody listens is nobody's. */
  readonly redelivers: boolean
  /** Whether what is said in one chat is one conversation, so that it has an order. */
  readonly hasOrder: boolean
  /** How many messages, each the only one of its line, it may be asked for; as fast as the platform lets us answer. */
  readonly leastGapMs: number
  /** Whether a message may have several lines. */
  readonly takesLines: boolean
  /** Where its connections go through. */
  readonly lines: readonly ChaosLine[]
  /** Which of its own faults it has. */
  readonly faults: readonly PeerFault[]
  say(chat: string, text: string): void
  /** What the agent said in a chat, as it stands there now, oldest first. */
  texts(chat: string): readonly string[]
  fail(fault: PeerFault): void
  heal(): void
  /** Breaks every connection. */
  drop(): void
  /** A gateway listens there now. */
  reach?(url: string): void
}
