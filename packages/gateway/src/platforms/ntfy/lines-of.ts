import type { Readable } from 'node:stream'
import { PlatformError } from '../platform-error.ts'

const LONGEST = 1024 * 1024

/** The lines of a stream, each as soon as it is complete. Not `readline`, which waits for ever when its stream is destroyed. @throws PlatformError for a line without end */
export async function* linesOf(stream: Readable): AsyncGenerator<string> {
  stream.setEncoding('utf8')
  let rest = ''
  for await (const chunk of stream as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > LONGEST) throw new PlatformError('connection_lost', `A line of the stream has more than ${LONGEST} characters.`)
    yield* lines.filter((line) => line.trim() !== '')
  }
}
