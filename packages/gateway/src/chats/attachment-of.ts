import { basename, extname } from 'node:path'
import type { OutboundAttachment } from './outbound-message.ts'

const KINDS: Readonly<Record<string, readonly [OutboundAttachment['kind'], string]>> = {
  '.png': ['image', 'image/png'],
  '.jpg': ['image', 'image/jpeg'],
  '.jpeg': ['image', 'image/jpeg'],
  '.gif': ['image', 'image/gif'],
  '.webp': ['image', 'image/webp'],
  '.ogg': ['voice', 'audio/ogg'],
  '.opus': ['voice', 'audio/ogg'],
  '.mp3': ['audio', 'audio/mpeg'],
  '.m4a': ['audio', 'audio/mp4'],
  '.wav': ['audio', 'audio/wav'],
  '.mp4': ['video', 'video/mp4'],
  '.webm': ['video', 'video/webm'],
  '.pdf': ['document', 'application/pdf'],
  '.txt': ['document', 'text/plain'],
  '.md': ['document', 'text/markdown'],
  '.csv': ['document', 'text/csv'],
  '.json': ['document', 'application/json'],
}

/** A file to be sent, described by its name. */
export function attachmentOf(path: string): OutboundAttachment {
  const [kind, mediaType] = KINDS[extname(path).toLowerCase()] ?? (['document', 'application/octet-stream'] as const)
  return { kind, path, name: basename(path), mediaType }
}
