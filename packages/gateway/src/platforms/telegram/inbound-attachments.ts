import type { Message } from 'grammy/types'
import type { InboundAttachment } from '../../chats/inbound-message.ts'

/** The files of a message; of a photo the largest size. */
export function inboundAttachments(message: Message): InboundAttachment[] {
  const { photo, voice, audio, video, video_note: note, animation, document, sticker } = message
  const largest = photo?.at(-1)
  const attachments: (InboundAttachment | undefined)[] = [
    largest && attachmentOf('image', { ...largest, mime_type: 'image/jpeg' }),
    voice && attachmentOf('voice', voice),
    audio && attachmentOf('audio', audio),
    video && attachmentOf('video', video),
    note && attachmentOf('video', { ...note, mime_type: 'video/mp4' }),
    // An animation comes with a `document` of the same file, for old clients.
    animation ? attachmentOf('video', animation) : document && attachmentOf(document.mime_type?.startsWith('image/') ? 'image' : 'document', document),
    // The animated ones are Lottie or WebM, which no model looks at.
    sticker && !sticker.is_animated && !sticker.is_video ? attachmentOf('image', { ...sticker, mime_type: 'image/webp' }) : undefined,
  ]
  return attachments.filter((attachment) => attachment !== undefined)
}

interface TelegramFile {
  readonly file_id: string
  readonly file_unique_id: string
  readonly file_name?: string
  readonly mime_type?: string
  readonly file_size?: number
}

function attachmentOf(kind: InboundAttachment['kind'], file: TelegramFile): InboundAttachment {
  return {
    kind,
    ...(file.file_name !== undefined && { name: file.file_name }),
    ...(file.mime_type !== undefined && { mediaType: file.mime_type }),
    ...(file.file_size !== undefined && { size: file.file_size }),
    ref: { fileId: file.file_id },
  }
}
