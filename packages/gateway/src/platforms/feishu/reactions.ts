import type { FeishuClient } from './feishu-client.ts'

/** Feishu's names of the reactions that we use; it takes no emoji. */
const NAMES: Readonly<Record<string, string>> = {
  '👍': 'THUMBSUP',
  '👎': 'ThumbsDown',
  '👀': 'GLANCE',
  '❤': 'HEART',
  '❤️': 'HEART',
  '🎉': 'PARTY',
  '👏': 'APPLAUSE',
  '🤔': 'THINKING',
  '🙏': 'THANKS',
  '👌': 'OK',
  '✅': 'DONE',
  '❌': 'CrossMark',
  '🔥': 'Fire',
  '⏳': 'OneSecond',
}

interface Reactions {
  readonly data: { readonly items?: readonly { readonly reaction_id: string; readonly operator: { readonly operator_id: string } }[] }
}

export interface ReactionChange {
  readonly messageId: string
  readonly emoji: string | undefined
  /** Whose reactions are ours. */
  readonly appId: string
}

/** Takes our reactions away and sets the one that is asked for; an emoji that Feishu has no name for becomes a thumb. */
export async function setReaction(client: FeishuClient, { messageId, emoji, appId }: ReactionChange, signal: AbortSignal): Promise<void> {
  const path = `im/v1/messages/${encodeURIComponent(messageId)}/reactions`
  const call = { isRepeatable: true, signal } as const
  const { data } = await client.call<Reactions>({ ...call, method: 'GET', path })
  for (const { reaction_id: id, operator } of data.items ?? []) {
    if (operator.operator_id === appId) await client.call({ ...call, method: 'DELETE', path: `${path}/${encodeURIComponent(id)}` })
  }
  if (emoji === undefined) return
  await client.call({ ...call, method: 'POST', path, data: { reaction_type: { emoji_type: NAMES[emoji] ?? 'THUMBSUP' } } })
}
