import type { HttpBindings } from '@hono/node-server'
import { SseStream, type SseFrame, type SseOptions } from './sse-stream.ts'

const SSE_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
} as const

const encoder = new TextEncoder()

/** Streams by the answers that nobody has read from, for a server that can do without the answer's body. */
const streams = new WeakMap<Response, SseStream>()

/**
 * A streamed answer out of SSE frames, as text or as bytes that many clients share. Reads from `frames` only as fast as
 * the client takes them, and sends a comment line when there was nothing for `keepAliveMs`. Our HTTP server writes them
 * to the socket itself ({@link sendSse}); elsewhere they are the body of the answer.
 */
export function sseResponse(frames: AsyncGenerator<SseFrame>, options: SseOptions): Response {
  const stream = new SseStream(frames, options)
  const response = new Response(bodyOf(stream), { headers: { ...SSE_HEADERS, ...options.headers } })
  streams.set(response, stream)
  return response
}

/**
 * Writes an answer of {@link sseResponse} straight to Node's response, at half the cost of a `ReadableStream` for each
 * frame. False for any other answer, and for one that a middleware has made a copy of: its body is as good.
 */
export function sendSse(response: Response, outgoing: HttpBindings['outgoing']): boolean {
  const stream = streams.get(response)
  if (!stream) return false
  if (outgoing.destroyed) {
    void stream.leave()
    return true
  }
  let makeRoom: (() => void) | undefined
  const onRoom = () => makeRoom?.()
  outgoing.on('drain', onRoom)
  outgoing.once('close', () => {
    void stream.leave()
    onRoom()
  })
  outgoing.setHeaders(response.headers)
  outgoing.writeHead(response.status)
  void stream.send({
    get hasRoom() {
      return !outgoing.writableNeedDrain
    },
    write: (frame) => (outgoing.write(frame) ? undefined : new Promise((resolve) => (makeRoom = resolve))),
    end: () => outgoing.end(),
    fail: () => outgoing.destroy(),
  })
  // With the first frame when that is here already, else before it: clients wait for the headers with less patience.
  setImmediate(() => outgoing.destroyed || outgoing.flushHeaders())
  return true
}

function bodyOf(stream: SseStream): ReadableStream<Uint8Array> {
  let makeRoom: (() => void) | undefined
  let isBegun = false
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        makeRoom?.()
        if (isBegun) return
        isBegun = true
        void stream.send({
          get hasRoom() {
            return makeRoom === undefined
          },
          write(frame) {
            controller.enqueue(typeof frame === 'string' ? encoder.encode(frame) : frame)
            return new Promise((resolve) => {
              makeRoom = () => {
                makeRoom = undefined
                resolve()
              }
            })
          },
          end: () => controller.close(),
          fail: (error) => controller.error(error),
        })
      },
      cancel() {
        makeRoom?.()
        return stream.leave()
      },
    },
    // Nothing is asked for before somebody reads, so that a server may take the stream itself.
    { highWaterMark: 0 },
  )
}
