import { createHash } from 'node:crypto'

/** Tells one credential from another, and gives nothing of it away: for tokens, which are long and random. */
export function fingerprintOf(credential: string): string {
  return createHash('sha256').update(credential).digest('hex').slice(0, 16)
}
