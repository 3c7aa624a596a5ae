/** What openai-python raises when a stream's data has something under `error`. */
export class PythonApiError extends Error {}

/**
 * The data of a stream's events, read by the rules of openai-python 2.x (`openai/_streaming.py`), written anew: they
 * differ from the standard. An id that was once sent makes an event of every empty line from then on, whose data is not
 * JSON, so that a comment behind it raises; what begins with `[DONE]` ends the stream; whatever has something under
 * `error` raises, whatever its event is called.
 *
 * @throws SyntaxError for data that is not JSON; PythonApiError
 */
export function readAsPythonDoes(text: string): readonly Record<string, unknown>[] {
  const events: Record<string, unknown>[] = []
  let data: string[] = []
  let event = ''
  let lastId = ''
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line === '') {
      if (event === '' && data.length === 0 && lastId === '') continue
      const whole = data.join('\n')
      data = []
      event = ''
      if (whole.startsWith('[DONE]')) return events
      const json = JSON.parse(whole) as Record<string, unknown>
      if (json['error']) throw new PythonApiError(JSON.stringify(json['error']))
      events.push(json)
      continue
    }
    if (line.startsWith(':')) continue
    const colon = line.indexOf(':')
    const [name, value] = colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')]
    if (name === 'data') data.push(value)
    else if (name === 'event') event = value
    else if (name === 'id') lastId = value
  }
  return events
}
