import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { redactSecrets } from '@talaria/core'

/** What of a log's end goes into the reason of a failure. */
const BYTES = 400

/** The last line or so that a worker wrote, for who asks why it died; empty when it wrote nothing. */
export function lastWords(logFile: string): string {
  let file: number
  try {
    file = openSync(logFile, 'r')
  } catch {
    return ''
  }
  try {
    const buffer = Buffer.alloc(BYTES)
    const { size } = fstatSync(file)
    const read = readSync(file, buffer, 0, BYTES, Math.max(0, size - BYTES))
    return redactSecrets(buffer.toString('utf8', 0, read))
      .replaceAll(/\s+/g, ' ')
      .trim()
  } finally {
    closeSync(file)
  }
}
