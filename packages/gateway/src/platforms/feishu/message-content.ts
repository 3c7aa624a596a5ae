import { z } from 'zod'
import type { InboundAttachment } from '../../chats/inbound-message.ts'

/** What a message says, as it stands in its content. */
export interface MessageContent {
  readonly text: string
  readonly attachments: readonly InboundAttachment[]
}

const node = z.object({
  tag: z.string(),
  text: z.string().optional(),
  href: z.string().optional(),
  user_id: z.string().optional(),
  image_key: z.string().optional(),
  file_key: z.string().optional(),
  file_name: z.string().optional(),
})
const content = z.object({
  text: z.string().optional(),
  title: z.string().optional(),
  content: z.array(z.array(node)).optional(),
  image_key: z.string().optional(),
  file_key: z.string().optional(),
  file_name: z.string().optional(),
  name: z.string().optional(),
  latitude: z.string().optional(),
  longitude: z.string().optional(),
})

/** Reads the content of a message, which is JSON of a form for each type; a type that says nothing is empty. @throws on what is no JSON */
export function readContent(messageId: string, type: string, json: string): MessageContent {
  const message = content.parse(JSON.parse(json))
  const file = (kind: InboundAttachment['kind'], key: string | undefined, name?: string): InboundAttachment[] =>
    key === undefined ? [] : [{ kind, ...(name !== undefined && { name }), ref: { messageId, key, type: kind === 'image' ? 'image' : 'file' } }]
  switch (type) {
    case 'text':
      return { text: message.text ?? '', attachments: [] }
    case 'post': {
      const lines = message.content ?? []
      const text = [message.title ?? '', ...lines.map((line) => line.map(wordsOf).join(''))].join('\n').trim()
      const nodes = lines.flat()
      const attachments = nodes.flatMap(({ image_key: image, file_key: media, file_name: name }) => (media ? file('video', media, name) : file('image', image)))
      return { text, attachments }
    }
    case 'image':
      return { text: '', attachments: file('image', message.image_key) }
    case 'audio':
      return { text: '', attachments: file('voice', message.file_key) }
    case 'media':
      return { text: '', attachments: file('video', message.file_key, message.file_name) }
    case 'file':
      return { text: '', attachments: file('document', message.file_key, message.file_name) }
    case 'location':
      return { text: `${message.name ?? 'Location'}: ${message.latitude}, ${message.longitude}`, attachments: [] }
    default:
      return { text: '', attachments: [] }
  }
}

function wordsOf({ tag, text = '', href, user_id: key }: z.output<typeof node>): string {
  if (tag === 'a') return href === undefined ? text : `[${text}](${href})`
  if (tag === 'at') return key ?? ''
  if (tag === 'code_block') return `\`\`\`\n${text}\n\`\`\``
  return text
}
