import type { Agent, AgentEvent, AgentRequest, FailureClass, FinishReason, ModelListing } from '@talaria/agent'

/** One run of a {@link TestAgent}: what the gateway asked for, and what the test has come of it. */
export class TestRun {
  readonly request: AgentRequest
  readonly signal: AbortSignal
  /** What reached the agent of the end: `reason` of the abort, or `left` when the gateway stopped listening first. */
  readonly ended: Promise<unknown>
  readonly #events: AgentEvent[] = []
  readonly #resolveEnded: (how: unknown) => void
  #problem: { readonly error: unknown } | undefined
  #isOver = false
  #wake: (() => void) | undefined

  constructor(request: AgentRequest, signal: AbortSignal) {
    this.request = request
    this.signal = signal
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.ended = promise
    this.#resolveEnded = resolve
  }

  emit(...events: readonly AgentEvent[]): this {
    this.#events.push(...events)
    this.#wake?.()
    return this
  }

  say(...texts: readonly string[]): this {
    return this.emit(...texts.map((text) => ({ type: 'text.delta', text }) as const))
  }

  finish(reason: FinishReason = 'stop'): this {
    return this.emit({ type: 'finished', reason })
  }

  fail(code = 'model_unavailable', message = 'It is not there.', failure: FailureClass = 'retryable'): this {
    return this.emit({ type: 'failed', failure, code, message })
  }

  /** The generator raises this, after what was emitted before. */
  throw(error: unknown): this {
    this.#problem = { error }
    this.#wake?.()
    return this
  }

  /** The generator returns without having said how it ended. */
  vanish(): this {
    this.#isOver = true
    this.#wake?.()
    return this
  }

  /** What the gateway iterates. With `ignoresAbort` it goes on as if nobody had told it to stop. */
  async *events(ignoresAbort: boolean): AsyncGenerator<AgentEvent> {
    const { promise: aborted, resolve: abort } = Promise.withResolvers<void>()
    const onAbort = () => abort()
    if (!ignoresAbort) this.signal.addEventListener('abort', onAbort, { once: true })
    try {
      for (;;) {
        if (!ignoresAbort) this.signal.throwIfAborted()
        const event = this.#events.shift()
        if (event) {
          yield event
          if (event.type === 'finished' || event.type === 'failed') return
          continue
        }
        if (this.#problem) throw this.#problem.error
        if (this.#isOver) return
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#wake = resolve
        await Promise.race([promise, aborted])
      }
    } finally {
      this.signal.removeEventListener('abort', onAbort)
      this.#resolveEnded(this.signal.aborted ? this.signal.reason : 'left')
    }
  }
}

export interface TestAgentOptions {
  /** Plays a run as soon as it begins; without it, runs wait for the test. */
  readonly play?: (run: TestRun) => void
  readonly models?: readonly ModelListing[]
  readonly ignoresAbort?: boolean
}

/** An agent whose every word is a test's. */
export class TestAgent implements Agent {
  /** All runs so far, in the order in which they began. */
  readonly runs: TestRun[] = []
  readonly #options: TestAgentOptions
  #taken = 0
  #begun = Promise.withResolvers<void>()

  constructor(options: TestAgentOptions = {}) {
    this.#options = options
  }

  models(): readonly ModelListing[] {
    return this.#options.models ?? [{ id: 'scripted', target: 'scripted/scripted', ownedBy: 'scripted' }]
  }

  run(request: AgentRequest, signal: AbortSignal): AsyncGenerator<AgentEvent> {
    const run = new TestRun(request, signal)
    this.runs.push(run)
    this.#options.play?.(run)
    this.#begun.resolve()
    this.#begun = Promise.withResolvers()
    return run.events(this.#options.ignoresAbort ?? false)
  }

  /** The next run that nobody has taken yet, once it has begun. */
  async next(): Promise<TestRun> {
    while (this.#taken >= this.runs.length) await this.#begun.promise
    return this.runs[this.#taken++]!
  }
}

/** A run that repeats the last message, in two pieces, and is done. */
export function echo(run: TestRun): void {
  const last = run.request.messages.at(-1)?.content
  const text = typeof last === 'string' ? last : JSON.stringify(last)
  run
    .say('You said: ', text)
    .emit({ type: 'usage', usage: { inputTokens: 3, outputTokens: 5, reasoningTokens: 0, cachedInputTokens: 0 } })
    .finish()
}
