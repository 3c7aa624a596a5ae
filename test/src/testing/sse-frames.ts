import type { Readable } from 'node:stream'

/** One frame of a stream of server-sent events, as it came. */
export interface SseFrame {
  /** All of its text, without the empty line that ends it. */
  readonly raw: string
  readonly id: string | undefined
  readonly event: string | undefined
  /** `undefined` in a frame of comments only. */
  readonly data: string | undefined
}

/**
 * The frames of a stream, in order; one that was cut off by the end is left out.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export async function* sseFrames(body: Readable): AsyncGenerator<SseFrame> {
  let pending = ''
  for await (const chunk of body.setEncoding('utf8')) {
    const parts = (pending + (chunk as string)).split('\n\n')
    pending = parts.pop() ?? ''
    for (const raw of parts) yield frameOf(raw)
  }
}

function frameOf(raw: string): SseFrame {
  const lines = raw.split('\n')
  const values = (name: string) => lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ''))
  const data = values('data')
  return { raw, id: values('id')[0], event: values('event')[0], data: data.length === 0 ? undefined : data.join('\n') }
}
