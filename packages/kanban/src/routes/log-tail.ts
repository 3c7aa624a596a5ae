import { open } from 'node:fs/promises'
import { codeOf, redactSecrets } from '@talaria/core'

/** The end of a log. */
export interface LogTail {
  /** False where there is none: it was on another host, or is removed by now. */
  readonly exists: boolean
  /** Of the whole log. */
  readonly bytes: number
  readonly text: string
  readonly isTruncated: boolean
}

/** The last bytes of a file that is being written, from the beginning of a line on, without what looks like a secret. */
export async function logTail(file: string, most: number): Promise<LogTail> {
  try {
    await using handle = await open(file)
    const { size } = await handle.stat()
    const from = Math.max(0, size - most)
    const buffer = Buffer.alloc(size - from)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, from)
    const text = buffer.toString('utf8', 0, bytesRead)
    // The first line may begin in its middle, and even in the middle of a character.
    const whole = from === 0 ? text : text.slice(text.indexOf('\n') + 1)
    return { exists: true, bytes: size, text: redactSecrets(whole), isTruncated: from > 0 }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    return { exists: false, bytes: 0, text: '', isTruncated: false }
  }
}
