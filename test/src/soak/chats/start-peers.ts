import type { Clock } from '@talaria/core'
import type { ChatPeer } from './chat-peer.ts'
import { startDiscordPeer } from './peers/discord-peer.ts'
import { startFeishuPeer } from './peers/feishu-peer.ts'
import { startIrcPeer } from './peers/irc-peer.ts'
import { startMailPeer } from './peers/mail-peer.ts'
import { startNtfyPeer } from './peers/ntfy-peer.ts'
import { startSlackPeer } from './peers/slack-peer.ts'
import { startTelegramPeer } from './peers/telegram-peer.ts'
import { startWebhookPeer } from './peers/webhook-peer.ts'

/** A service of every platform that there is, each on loopback. */
export async function startPeers(clock: Clock): Promise<AsyncDisposable & { readonly all: readonly ChatPeer[] }> {
  await using stack = new AsyncDisposableStack()
  const telegram = stack.use(await startTelegramPeer(clock))
  const all = [telegram, stack.use(startWebhookPeer(telegram, clock))]
  for (const start of [startFeishuPeer, startDiscordPeer, startSlackPeer, startMailPeer, startNtfyPeer, startIrcPeer]) all.push(stack.use(await start(clock)))
  const owned = stack.move()
  return { all, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
