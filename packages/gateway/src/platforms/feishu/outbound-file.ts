import { readFile, stat } from 'node:fs/promises'
import { codeOf } from '@talaria/core'
import type { OutboundAttachment } from '../../chats/outbound-message.ts'
import { PlatformError } from '../platform-error.ts'

const MAX_IMAGE_BYTES = 10_000_000
const MAX_FILE_BYTES = 30_000_000

/** A file in memory, ready to be uploaded: where to, in which form, and what the message of it is called. */
export interface OutboundFile {
  readonly path: 'im/v1/images' | 'im/v1/files'
  readonly form: FormData
  readonly messageType: 'image' | 'audio' | 'file'
}

/** Reads a file, before anything is sent. @throws PlatformError `attachment_too_large`, `rejected` when it is not there */
export async function readOutboundFile({ kind, path, name, mediaType }: OutboundAttachment): Promise<OutboundFile> {
  try {
    const { size } = await stat(path)
    if (size > MAX_FILE_BYTES) throw new PlatformError('attachment_too_large', `${name} has ${size} bytes; Feishu takes ${MAX_FILE_BYTES}.`)
    const file = new File([await readFile(path)], name)
    const form = new FormData()
    if (kind === 'image' && size <= MAX_IMAGE_BYTES) {
      form.set('image_type', 'message')
      form.set('image', file)
      return { path: 'im/v1/images', form, messageType: 'image' }
    }
    // Feishu plays Opus and nothing else as a voice message.
    const isVoice = (kind === 'voice' || kind === 'audio') && /ogg|opus/.test(mediaType)
    form.set('file_type', isVoice ? 'opus' : 'stream')
    form.set('file_name', name)
    form.set('file', file)
    return { path: 'im/v1/files', form, messageType: isVoice ? 'audio' : 'file' }
  } catch (error) {
    if (error instanceof PlatformError) throw error
    throw new PlatformError('rejected', `${name} cannot be read: ${codeOf(error) ?? 'unknown reason'}.`, { cause: error })
  }
}
