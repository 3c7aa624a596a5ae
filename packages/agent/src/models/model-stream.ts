import type { SharedV4Warning } from '@ai-sdk/provider'
import type { Clock } from '@talaria/core'
import { AgentError } from '../agent-error.ts'
import type { AgentSettings } from '../agent-settings.ts'
import type { Model, ModelCall, ModelPart } from './model.ts'

/** Parts that come before a model says anything, and may come although it never will. */
const PREAMBLE: ReadonlySet<ModelPart['type']> = new Set<ModelPart['type']>([
  'stream-start',
  'response-metadata',
  'text-start',
  'reasoning-start',
  'ping',
  'raw',
])

/** For the end of a body after its last part, so that its connection can be kept; a server that dawdles loses it. */
const DRAIN_MS = 1_000

const CLOSED = new Error('the stream was closed')

/** What a stream is bounded by. */
export interface StreamLimits {
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly timeouts: Pick<AgentSettings['timeouts'], 'firstTokenMs' | 'idleMs'>
}

/**
 * Asks a model and waits for its first word: from here on nothing is tried again.
 *
 * Rejects with what the model failed with, `model_first_token_timeout`, or the reason of `signal`; then nothing is left
 * open. Whoever gets the stream closes it.
 */
export async function openModelStream(model: Model, call: ModelCall, limits: StreamLimits): Promise<ModelStream> {
  const stream = new ModelStream(model, call, limits)
  try {
    await stream.begin()
    return stream
  } catch (error) {
    await stream.close()
    throw error
  }
}

/** One answer of one model while it comes in: its parts, its deadlines and the switch that ends it. */
export class ModelStream {
  /** What of the call the provider ignores. */
  warnings: readonly SharedV4Warning[] = []
  readonly #controller = new AbortController()
  readonly #limits: StreamLimits
  readonly #parts: AsyncIterator<ModelPart>
  readonly #preamble: ModelPart[] = []
  readonly #startedAt: number
  /** Since when we wait for a part; while our own reader is the slow one, no deadline runs. */
  #waitingSince = Number.POSITIVE_INFINITY
  #speaking = false
  #finished = false

  constructor(model: Model, call: ModelCall, limits: StreamLimits) {
    this.#limits = limits
    this.#startedAt = limits.clock.monotonic()
    limits.signal.addEventListener('abort', this.#onAbort, { once: true })
    this.#parts = model.stream(call, this.#controller.signal)[Symbol.asyncIterator]()
    void this.#watch()
  }

  /** Reads up to the first part that says something. */
  async begin(): Promise<void> {
    for (;;) {
      const part = await this.#read()
      if (!part) throw new AgentError('model_answer_broken', 'the answer ended before it began')
      this.#preamble.push(part)
      if (part.type === 'stream-start') this.warnings = part.warnings
      if (!PREAMBLE.has(part.type)) break
    }
    this.#speaking = true
  }

  /** The next part; `undefined` after the last. Rejects as `openModelStream` does, and with `model_idle_timeout`. */
  next(): Promise<ModelPart | undefined> {
    if (this.#preamble.length > 0) return Promise.resolve(this.#preamble.shift())
    // Not what follows a `finish`: there is nothing in it, and a server may take its time with the end of the body.
    return this.#finished ? Promise.resolve(undefined) : this.#read()
  }

  /** Ends the stream, wherever it is. Does nothing the second time. */
  async close(): Promise<void> {
    this.#limits.signal.removeEventListener('abort', this.#onAbort)
    if (this.#finished) await this.#drain()
    this.#finished = false
    this.#controller.abort(CLOSED)
    await this.#parts.return?.().catch(() => {})
  }

  async #read(): Promise<ModelPart | undefined> {
    const { signal } = this.#controller
    this.#waitingSince = this.#limits.clock.monotonic()
    try {
      const { done, value } = await this.#parts.next()
      signal.throwIfAborted()
      if (done) return undefined
      if (value.type === 'error') throw value.error
      if (value.type === 'finish') this.#finish(value.finishReason)
      return value
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    } finally {
      this.#waitingSince = Number.POSITIVE_INFINITY
    }
  }

  #finish({ unified, raw }: { readonly unified: string; readonly raw: string | undefined }): void {
    if (unified === 'error' || unified === 'interrupted') throw new AgentError('model_answer_broken', `the answer ended with ${raw ?? unified}`)
    this.#finished = true
  }

  /** One timer a stream, set anew only when it has run out, however many parts came meanwhile. */
  async #watch(): Promise<void> {
    const { clock, timeouts } = this.#limits
    try {
      for (;;) {
        const deadline = this.#speaking ? this.#waitingSince + timeouts.idleMs : this.#startedAt + timeouts.firstTokenMs
        const leftMs = deadline - clock.monotonic()
        if (leftMs <= 0) return this.#controller.abort(this.#timeout())
        await clock.delay(Math.min(leftMs, timeouts.idleMs), this.#controller.signal)
      }
    } catch {
      // Closed: there is nothing left to watch.
    }
  }

  #timeout(): AgentError {
    const { idleMs, firstTokenMs } = this.#limits.timeouts
    return this.#speaking
      ? new AgentError('model_idle_timeout', `nothing for ${idleMs} ms in the middle of an answer`)
      : new AgentError('model_first_token_timeout', `no answer after ${firstTokenMs} ms`)
  }

  async #drain(): Promise<void> {
    const drained = new AbortController()
    const rest = this.#parts.next().finally(() => drained.abort(CLOSED))
    await Promise.race([rest, this.#limits.clock.delay(DRAIN_MS, drained.signal)]).catch(() => {})
  }

  readonly #onAbort = () => this.#controller.abort(this.#limits.signal.reason)
}
