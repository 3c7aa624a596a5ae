import type { Clock } from '../clock.ts'

const SSE_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
} as const

const encoder = new TextEncoder()

/** Without a reason of our own, aborting makes an error with a stack for each answer. */
const ENDED = 'the stream has ended'

export interface SseOptions {
  readonly clock: Clock
  readonly keepAliveMs: number
  readonly headers?: Readonly<Record<string, string>>
  /** Called once, when the client is gone before the end. */
  readonly onCancel?: () => void
}

/**
 * A streamed answer out of SSE frames, as text or as bytes that many clients share. Reads from `frames` only as fast as
 * the client takes them, and sends a comment line when there was nothing for `keepAliveMs`.
 */
export function sseResponse(frames: AsyncGenerator<string | Uint8Array>, options: SseOptions): Response {
  let ended = false
  const quiet = new AbortController()
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        void keepAlive(controller, options, quiet.signal)
      },
      async pull(controller) {
        try {
          let next = await frames.next()
          while (!next.done && next.value.length === 0) next = await frames.next()
          if (!next.done) return controller.enqueue(typeof next.value === 'string' ? encoder.encode(next.value) : next.value)
          ended = true
          quiet.abort(ENDED)
          controller.close()
        } catch (error) {
          ended = true
          quiet.abort(ENDED)
          controller.error(error)
        }
      },
      async cancel() {
        quiet.abort(ENDED)
        if (!ended) options.onCancel?.()
        ended = true
        await frames.return(undefined)
      },
    },
    { highWaterMark: 1 },
  )
  return new Response(body, { headers: { ...SSE_HEADERS, ...options.headers } })
}

async function keepAlive(controller: ReadableStreamDefaultController<Uint8Array>, options: SseOptions, signal: AbortSignal): Promise<void> {
  try {
    for (;;) {
      await options.clock.delay(options.keepAliveMs, signal)
      // A client that is behind has frames waiting and needs no sign of life.
      if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(': keep-alive\n\n'))
    }
  } catch {
    // The stream ended; so does this.
  }
}
