/** The data of each event of a stream, in order; comments and names are left out. */
export async function* serverSentEvents(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let pending = ''
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    pending += decoder.decode(chunk, { stream: true })
    const frames = pending.split('\n\n')
    pending = frames.pop() ?? ''
    for (const frame of frames) {
      const data = frame.split('\n').filter((line) => line.startsWith('data: '))
      if (data.length > 0) yield data.map((line) => line.slice('data: '.length)).join('\n')
    }
  }
}
