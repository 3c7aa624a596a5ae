import type { Clock } from '@talaria/core'
import { NtfyServer } from '@talaria/gateway/test-servers'
import { ChaosLine } from '../chaos-line.ts'
import type { ChatPeer, PeerFault } from '../chat-peer.ts'

const TOPIC = 'a-topic-of-ours'

/** A topic of ntfy, whose server remembers. */
export async function startNtfyPeer(clock: Clock): Promise<ChatPeer> {
  const server = await NtfyServer.start()
  const line = await ChaosLine.start(Number(new URL(server.url).port), clock)
  const said = new Set<string>()
  const faults: Readonly<Record<PeerFault, () => void>> = {
    rate_limits: () => void (server.status = 429),
    unavailable: () => void (server.status = 503),
    dies_after_send: () => void (server.diesAfterPublish = true),
  }
  return {
    platform: 'ntfy',
    env: { NTFY_TOPIC: TOPIC, NTFY_SERVER_URL: line.url, NTFY_ALLOWED_USERS: TOPIC },
    chats: [TOPIC],
    redelivers: true,
    hasOrder: true,
    leastGapMs: 0,
    takesLines: true,
    lines: [line],
    faults: ['rate_limits', 'unavailable', 'dies_after_send'],
    say: (topic, text) => void said.add(server.publish(topic, { message: text }).id),
    texts: () => server.messages.filter(({ id }) => !said.has(id)).map(({ message }) => message ?? ''),
    fail: (fault) => faults[fault](),
    heal() {
      server.status = undefined
      server.diesAfterPublish = false
    },
    drop: () => server.drop(),
    async [Symbol.asyncDispose]() {
      await line[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}
