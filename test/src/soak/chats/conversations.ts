import type { Clock } from '@talaria/core'
import type { Random } from '../../testing/random.ts'
import type { ChatPeer } from './chat-peer.ts'

/** So many answers take long enough to be shown while they are written. */
const SHARE_OF_SLOW = 0.25

/** What people said, each message with a number of its own. */
export class Conversations {
  /** Numbers said, by platform and chat. */
  readonly said = new Map<ChatPeer, Map<string, number[]>>()
  #last = 0

  /** How many messages there are. */
  get count(): number {
    return this.#last
  }

  /** Somebody says the next message in a chat. */
  say(peer: ChatPeer, chat: string, { isSlow = false } = {}): void {
    const number = ++this.#last
    const chats = this.said.get(peer) ?? new Map<string, number[]>()
    this.said.set(peer, chats)
    chats.set(chat, [...(chats.get(chat) ?? []), number])
    const lines = ['please', `!say ${answerOf(number)}`, ...(isSlow ? ['!pause 600ms', `!say done-${number};`] : [])]
    peer.say(chat, peer.takesLines ? lines.join('\n') : `!say ${answerOf(number)}`)
  }
}

/** The words by which the answer to a message is recognised. */
export function answerOf(number: number): string {
  return `reply-${number};`
}

/** People write everywhere at random, so many messages a second, until the signal aborts. */
export async function talk(
  conversations: Conversations,
  peers: readonly ChatPeer[],
  { rate, random, clock, signal }: { readonly rate: number; readonly random: Random; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const spokenAt = new Map<ChatPeer, number>()
  while (!signal.aborted) {
    await clock.delay((-Math.log(1 - random.next()) * 1_000) / rate, signal).catch(() => {})
    const peer = random.pick(peers)
    if (signal.aborted || clock.monotonic() - (spokenAt.get(peer) ?? -Infinity) < peer.leastGapMs) continue
    spokenAt.set(peer, clock.monotonic())
    conversations.say(peer, random.pick(peer.chats), { isSlow: random.chance(SHARE_OF_SLOW) })
  }
}
