import type { Clock } from '@talaria/core'
import { FeishuServer } from '@talaria/gateway/test-servers'
import { wordsOfCard } from '../../../platforms/words-of-card.ts'
import { ChaosLine } from '../chaos-line.ts'
import type { ChatPeer, PeerFault } from '../chat-peer.ts'

/** Feishu with its long connection. */
export async function startFeishuPeer(clock: Clock): Promise<ChatPeer> {
  const server = await FeishuServer.start()
  const line = await ChaosLine.start(server.port, clock)
  const chatOf = new Map<string, string>()
  const faults: Readonly<Record<PeerFault, () => void>> = {
    rate_limits: () => {
      server.outage = { kind: 'refuse', status: 429, code: 99991400, msg: 'request trigger frequency limit', headers: { 'x-ogw-ratelimit-reset': '1' } }
    },
    unavailable: () => {
      server.outage = { kind: 'html', status: 503 }
    },
    dies_after_send: () => server.fail(/POST .*\/messages/, { kind: 'cut' }),
  }
  return {
    platform: 'feishu',
    env: { ...server.env, FEISHU_DOMAIN: line.url, FEISHU_ALLOWED_USERS: 'ou_ada' },
    chats: ['oc_1', 'oc_2'],
    redelivers: true,
    hasOrder: true,
    leastGapMs: 0,
    takesLines: true,
    lines: [line],
    faults: ['rate_limits', 'unavailable', 'dies_after_send'],
    say: (chat, text) => void chatOf.set(server.say({ chat_id: chat, content: JSON.stringify({ text }) }), chat),
    texts: (chat) => server.messages.filter(({ chatId, replyTo }) => (chatId ?? chatOf.get(replyTo ?? '')) === chat).map(({ content }) => wordsOfCard(content)),
    fail: (fault) => faults[fault](),
    heal: () => void (server.outage = undefined),
    drop: () => server.drop(),
    async [Symbol.asyncDispose]() {
      await line[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}
