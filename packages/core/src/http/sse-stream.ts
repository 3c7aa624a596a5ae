import type { Clock } from '../clock.ts'

/** Without a reason of our own, aborting makes an error with a stack for each answer. */
const ENDED = 'the stream has ended'

const KEEP_ALIVE = ': keep-alive\n\n'

/** A piece of an event stream: text, or bytes that many clients share. */
export type SseFrame = string | Uint8Array

/** Where the frames of a stream go, one after another. */
export interface SseSink {
  /** Whether the client has taken what was written. */
  readonly hasRoom: boolean
  /** Resolves when there is room for the next frame, or nobody left to take it; `undefined` when that is at once. */
  write(frame: SseFrame): Promise<void> | undefined
  end(): void
  /** Breaks the answer off, so that its end is not taken for the end of the stream. */
  fail(error: unknown): void
}

export interface SseOptions {
  readonly clock: Clock
  readonly keepAliveMs: number
  readonly headers?: Readonly<Record<string, string>>
  /** Called once, when the client is gone before the end. */
  readonly onCancel?: () => void
}

/** Frames on their way to one client, whichever way they reach it. Holds a timer while it is sent, and none after. */
export class SseStream {
  readonly #frames: AsyncGenerator<SseFrame>
  readonly #options: SseOptions
  readonly #over = new AbortController()
  #isQuiet = true

  constructor(frames: AsyncGenerator<SseFrame>, options: SseOptions) {
    this.#frames = frames
    this.#options = options
  }

  /** Sends everything, only as fast as the sink takes it, and a comment line when there was nothing for `keepAliveMs`. Never rejects. */
  async send(sink: SseSink): Promise<void> {
    void this.#keepAlive(sink)
    try {
      for await (const frame of this.#frames) {
        if (this.#over.signal.aborted) return
        if (frame.length === 0) continue
        this.#isQuiet = false
        const room = sink.write(frame)
        if (room) await room
      }
      if (!this.#over.signal.aborted) sink.end()
    } catch (error) {
      if (!this.#over.signal.aborted) sink.fail(error)
    } finally {
      this.#over.abort(ENDED)
    }
  }

  /** The client is gone. Does nothing after the end. */
  async leave(): Promise<void> {
    if (this.#over.signal.aborted) return
    this.#over.abort(ENDED)
    this.#options.onCancel?.()
    await this.#frames.return(undefined)
  }

  async #keepAlive(sink: SseSink): Promise<void> {
    const { clock, keepAliveMs } = this.#options
    try {
      for (;;) {
        await clock.delay(keepAliveMs, this.#over.signal)
        // A client that is behind has frames waiting and needs no sign of life.
        if (this.#isQuiet && sink.hasRoom) void sink.write(KEEP_ALIVE)
        this.#isQuiet = true
      }
    } catch {
      // The stream ended; so does this.
    }
  }
}
