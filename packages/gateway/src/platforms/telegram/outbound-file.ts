import { readFile, stat } from 'node:fs/promises'
import { codeOf } from '@talaria/core'
import { InputFile } from 'grammy'
import type { OutboundAttachment } from '../../chats/outbound-message.ts'
import { PlatformError } from '../platform-error.ts'

/** What the Bot API takes; its own servers, not ours, may take more. */
const MAX_BYTES = 50_000_000
/** Larger pictures are refused as photos, and go as documents. */
const MAX_PHOTO_BYTES = 10_000_000

/** A file in memory, ready to be sent, and how. */
export interface OutboundFile {
  readonly kind: OutboundAttachment['kind']
  readonly file: InputFile
}

/** Reads a file, before anything is sent. @throws PlatformError `attachment_too_large`, `rejected` when it is not there */
export async function readOutboundFile({ kind, path, name }: OutboundAttachment): Promise<OutboundFile> {
  try {
    const { size } = await stat(path)
    if (size > MAX_BYTES) throw new PlatformError('attachment_too_large', `${name} has ${size} bytes; Telegram takes ${MAX_BYTES}.`)
    // Not as a stream: of one that the library does not read to its end the file would stay open.
    return { kind: kind === 'image' && size > MAX_PHOTO_BYTES ? 'document' : kind, file: new InputFile(await readFile(path), plainName(name)) }
  } catch (error) {
    if (error instanceof PlatformError) throw error
    throw new PlatformError('rejected', `${name} cannot be read: ${codeOf(error) ?? 'unknown reason'}.`, { cause: error })
  }
}

/** The library puts the name into a header as it stands, without quotes. */
function plainName(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '_')
}
