import type { Clock } from '@talaria/core'
import { IrcServer } from '@talaria/gateway/test-servers'
import { ChaosLine } from '../chaos-line.ts'
import type { ChatPeer, PeerFault } from '../chat-peer.ts'

/** Longer than the two seconds in which IRC lets a client say a line. */
const GAP_MS = 2_500

/** A person who writes to us on IRC, where a line is said once. */
export async function startIrcPeer(clock: Clock): Promise<ChatPeer> {
  const server = await IrcServer.start()
  const line = await ChaosLine.start(server.port, clock)
  const faults: Partial<Record<PeerFault, () => void>> = {
    unavailable: () => void (server.isClosing = true),
    dies_after_send: () => void (server.diesAfterSend = true),
  }
  return {
    platform: 'irc',
    env: {
      IRC_SERVER: '127.0.0.1',
      IRC_PORT: String(line.port),
      IRC_USE_TLS: 'false',
      IRC_NICKNAME: 'bot',
      IRC_ALLOWED_USERS: 'ada!~ada@host.example',
    },
    chats: ['ada'],
    redelivers: false,
    hasOrder: true,
    leastGapMs: GAP_MS,
    takesLines: false,
    lines: [line],
    faults: ['unavailable', 'dies_after_send'],
    say: (nick, text) => server.say('bot', text, { nick }),
    texts: (nick) => server.said.filter(({ target }) => target === nick).map(({ text }) => text),
    fail: (fault) => faults[fault]?.(),
    heal() {
      server.isClosing = false
      server.diesAfterSend = false
    },
    drop: () => server.drop(),
    async [Symbol.asyncDispose]() {
      await line[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}
