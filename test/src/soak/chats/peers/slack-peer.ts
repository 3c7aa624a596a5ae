import type { Clock } from '@talaria/core'
import { SLACK, SlackServer } from '@talaria/gateway/test-servers'
import { ChaosLine } from '../chaos-line.ts'
import type { ChatPeer, PeerFault } from '../chat-peer.ts'

/** A direct chat on Slack, in socket mode. */
export async function startSlackPeer(clock: Clock): Promise<ChatPeer> {
  const server = await SlackServer.start()
  const line = await ChaosLine.start(Number(new URL(server.url).port), clock)
  const faults: Readonly<Record<PeerFault, () => void>> = {
    rate_limits: () => void server.faults.push({ on: 'chat.postMessage', how: { status: 429, headers: { 'retry-after': '1' } }, stays: true }),
    unavailable: () => void server.faults.push({ on: '', how: { status: 503 }, stays: true }),
    dies_after_send: () => void server.faults.push({ on: 'chat.postMessage', how: 'drop' }),
  }
  return {
    platform: 'slack',
    env: { ...server.env('socket'), SLACK_API_ROOT: `${line.url}/api` },
    chats: [SLACK.direct],
    redelivers: true,
    hasOrder: true,
    leastGapMs: 0,
    takesLines: true,
    lines: [line],
    faults: ['rate_limits', 'unavailable', 'dies_after_send'],
    say: (_, text) => server.push(server.written(text)),
    texts: (chat) => server.messages.filter(({ user, channel }) => user === SLACK.bot && channel === chat).map(({ text }) => String(text)),
    fail: (fault) => faults[fault](),
    heal: () => void (server.faults.length = 0),
    drop: () => server.hangUp(),
    async [Symbol.asyncDispose]() {
      await line[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}
