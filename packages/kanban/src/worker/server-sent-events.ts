/** An event as it came: its data, and the id to go on by. */
export interface ServerSentEvent {
  readonly id: string | undefined
  readonly data: string
}

/**
 * The events of a stream of text, as the HTML standard reads it; comments and what carries no data are left out. Ends with the stream.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* eventsOf(stream: AsyncIterable<string>): AsyncGenerator<ServerSentEvent> {
  let rest = ''
  let id: string | undefined
  let data: string[] = []
  for await (const chunk of stream) {
    const lines = (rest + chunk).split(/\r?\n/)
    rest = lines.pop()!
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { id, data: data.join('\n') }
        data = []
        continue
      }
      const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? []
      if (field === 'data') data.push(value!)
      if (field === 'id') id = value
    }
  }
}
