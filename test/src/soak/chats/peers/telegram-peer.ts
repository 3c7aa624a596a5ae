import type { Clock } from '@talaria/core'
import { TelegramServer } from '@talaria/gateway/test-servers'
import { ChaosLine } from '../chaos-line.ts'
import type { ChatPeer, PeerFault } from '../chat-peer.ts'

/** Telegram, asked by the bot. Its last chat is where webhooks are answered. */
export async function startTelegramPeer(clock: Clock): Promise<ChatPeer> {
  const server = await TelegramServer.start()
  const line = await ChaosLine.start(server.port, clock)
  const faults: Readonly<Record<PeerFault, () => void>> = {
    rate_limits: () => {
      server.outage = { kind: 'refuse', status: 429, description: 'Too Many Requests: retry after 1', parameters: { retry_after: 1 } }
    },
    unavailable: () => {
      server.outage = { kind: 'html', status: 503 }
    },
    dies_after_send: () => server.fail('sendMessage', { kind: 'cut' }),
  }
  return {
    platform: 'telegram',
    env: { ...server.env, TELEGRAM_API_ROOT: line.url, TELEGRAM_ALLOWED_USERS: '42' },
    chats: ['901', '902', '903'],
    redelivers: true,
    hasOrder: true,
    leastGapMs: 0,
    takesLines: true,
    lines: [line],
    faults: ['rate_limits', 'unavailable', 'dies_after_send'],
    say: (chat, text) => server.queue({ text, chat: { id: Number(chat), type: 'private', first_name: 'Ada' } }),
    texts: (chat) => server.messages.filter(({ parameters }) => String(parameters.chat_id) === chat).map(({ parameters }) => String(parameters.text)),
    fail: (fault) => faults[fault](),
    heal: () => void (server.outage = undefined),
    drop: () => server.drop(),
    async [Symbol.asyncDispose]() {
      await line[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}
