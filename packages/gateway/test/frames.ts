/** One frame of server-sent events. */
export interface Frame {
  readonly id: string | undefined
  readonly event: string | undefined
  readonly data: string
  /** As it came over the wire. */
  readonly raw: string
}

/** The frames of a streamed answer, as they arrive; comments are left out. */
export async function* framesOf(response: Response): AsyncGenerator<Frame> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of response.body!) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true })
    const blocks = rest.split('\n\n')
    rest = blocks.pop()!
    for (const block of blocks) {
      const frame = frameOf(block)
      if (frame) yield frame
    }
  }
}

/** All frames of a streamed answer, to its end. */
export async function readFrames(response: Response): Promise<Frame[]> {
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return Array.fromAsync(framesOf(response))
}

/** The JSON of each frame, without `[DONE]`. */
export function dataOf(frames: readonly Frame[]): Record<string, never>[] {
  return frames.filter(({ data }) => data !== '[DONE]').map(({ data }) => JSON.parse(data) as Record<string, never>)
}

function frameOf(block: string): Frame | undefined {
  const field = (name: string) => /* the last line counts, as in the standard */ new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1]
  const data = [...block.matchAll(/^data: ?(.*)$/gm)].map((match) => match[1]).join('\n')
  return /^data:/m.test(block) ? { id: field('id'), event: field('event'), data, raw: `${block}\n\n` } : undefined
}
