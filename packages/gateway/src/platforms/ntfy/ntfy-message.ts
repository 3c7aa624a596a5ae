import { z } from 'zod'
import type { InboundAttachment, InboundMessage } from '../../chats/inbound-message.ts'

const OURS = 'talaria-'

/** A line of the stream of a topic. @see https://docs.ntfy.sh/subscribe/api/#json-message-format */
export const ntfyEvent = z.object({
  id: z.string(),
  time: z.number(),
  event: z.string(),
  topic: z.string(),
  title: z.string().optional(),
  message: z.string().optional(),
  tags: z.array(z.string()).default([]),
  attachment: z.object({ name: z.string(), url: z.string(), type: z.string().optional(), size: z.number().optional() }).optional(),
})

export type NtfyEvent = z.infer<typeof ntfyEvent>

/** The tag of a message of ours: by it we know our own when it comes back, and find one whose outcome is unknown. */
export const tagOf = (id: string): string => `${OURS}${id}`

/** Whether the message is one of ours. */
export const isOurs = ({ tags }: NtfyEvent): boolean => tags.some((tag) => tag.startsWith(OURS))

/** A message of a topic in our words. ntfy says of nobody who they are: the sender is the topic. */
export function inboundOfNtfy(event: NtfyEvent, { account, server }: { readonly account: string; readonly server: URL }): InboundMessage {
  const { id, topic, title, message = '', time } = event
  return {
    address: { platform: 'ntfy', account, chatId: topic, threadId: '' },
    kind: 'direct',
    chatName: topic,
    messageId: id,
    sender: { id: topic, name: topic },
    text: title === undefined ? message : `${title}\n${message}`,
    attachments: attachmentsOf(event, server),
    mentionsUs: true,
    sentAt: time * 1_000,
  }
}

/** Only files that the server itself keeps: an attachment may name any address, and whoever wrote it would have us fetch that. */
function attachmentsOf({ attachment }: NtfyEvent, server: URL): readonly InboundAttachment[] {
  const url = attachment && URL.canParse(attachment.url) ? new URL(attachment.url) : undefined
  if (!attachment || url?.origin !== server.origin || !url.pathname.startsWith(`${server.pathname}file/`)) return []
  const { name, type, size } = attachment
  const family = type?.split('/')[0]
  return [
    {
      kind: family === 'image' || family === 'audio' || family === 'video' ? family : 'document',
      name,
      ...(type !== undefined && { mediaType: type }),
      ...(size !== undefined && { size }),
      ref: { path: url.pathname.slice(server.pathname.length) },
    },
  ]
}
