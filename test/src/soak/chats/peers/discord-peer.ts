import type { Clock } from '@talaria/core'
import { DISCORD, DiscordServer } from '@talaria/gateway/test-servers'
import { ChaosLine } from '../chaos-line.ts'
import type { ChatPeer, PeerFault } from '../chat-peer.ts'

/** A channel and a thread of a Discord server. Not a direct chat: Discord tells no bot that starts what was written there before. */
export async function startDiscordPeer(clock: Clock): Promise<ChatPeer> {
  const server = await DiscordServer.start()
  const line = await ChaosLine.start(server.port, clock)
  const faults: Readonly<Record<PeerFault, () => void>> = {
    rate_limits: () => {
      const how = { status: 429, body: { message: 'slow', retry_after: 1, global: false }, headers: { 'retry-after': '1' } }
      server.faults.push({ on: 'POST /channels', how, stays: true })
    },
    unavailable: () => void server.faults.push({ on: '', how: { status: 503 }, stays: true }),
    dies_after_send: () => void server.faults.push({ on: '/messages', how: 'drop' }),
  }
  return {
    platform: 'discord',
    env: { ...server.env, DISCORD_API_ROOT: `${line.url}/api`, DISCORD_REQUIRE_MENTION: 'false', DISCORD_AUTO_THREAD: 'false' },
    chats: [DISCORD.general, DISCORD.thread],
    redelivers: true,
    hasOrder: true,
    leastGapMs: 0,
    takesLines: true,
    lines: [line],
    faults: ['rate_limits', 'unavailable', 'dies_after_send'],
    say: (chat, text) => void server.write({ channel: chat, text }),
    texts: (chat) =>
      server.messages
        .filter(({ channel_id, author }) => channel_id === chat && (author as { id: string }).id === DISCORD.bot)
        .map(({ content }) => String(content)),
    fail: (fault) => faults[fault](),
    heal: () => void (server.faults.length = 0),
    drop: () => server.hangUp(),
    async [Symbol.asyncDispose]() {
      await line[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}
