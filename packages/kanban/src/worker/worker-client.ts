import { existsSync } from 'node:fs'
import { Agent, request, type IncomingMessage } from 'node:http'
import { dirname } from 'node:path'
import { codeOf, messageOf, type Clock, type Log } from '@talaria/core'
import type { KanbanToolDefinition } from '../tools/tool-definitions.ts'
import type { EndAnswer, HeartbeatAnswer, HeartbeatBody, Refusal, RunAnswer, ToolAnswer, TranscriptBody, WishEvent } from '../workers/worker-protocol.ts'
import { eventsOf } from './server-sent-events.ts'
import type { WorkerEnd } from './work.ts'
import { WorkerError } from './worker-error.ts'

/** Nobody is told how an attempt ended whose dispatcher has not been there for a day. */
const LONGEST_SILENCE_MS = 24 * 3_600_000

const FIRST_PAUSE_MS = 50
/** A dispatcher that comes back is found this soon at the latest. */
const LONGEST_PAUSE_MS = 2_000

/** Statuses that another try may change: the dispatcher starts, stops, or has too much to do. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504])

export interface WorkerClientOptions {
  /** The same path whichever dispatcher has it. */
  readonly socket: string
  readonly token: string
  readonly clock: Clock
  readonly log: Log
  /** From 0 to 1; of the machine unless given. */
  readonly random?: () => number
}

interface Answer {
  readonly status: number
  readonly text: string
}

/**
 * What a worker says to the dispatcher, whichever has the socket at the moment: everything is said again until it is
 * heard, because a dispatcher that is away comes back, or another does. Disposing closes its connections.
 *
 * Every method throws WorkerError `CLAIM_LOST`, `REFUSED` or `UNREACHABLE`, or the reason of its signal.
 */
export class WorkerClient implements Disposable {
  readonly #options: WorkerClientOptions
  /** Calls of tools, a transcript, a heartbeat and an end may be under way together. */
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 })
  readonly #lost = new AbortController()
  #heardAt: number
  /** Once an end is said, the dispatcher may call the attempt over before its answer to that arrives. */
  #isEnding = false
  #lastEventId: string | undefined

  constructor(options: WorkerClientOptions) {
    this.#options = options
    this.#heardAt = options.clock.monotonic()
  }

  /** Aborts as soon as it is known that nobody listens to this worker any more; the reason is a WorkerError. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** What is to be done. */
  run(pid: number, signal: AbortSignal): Promise<RunAnswer> {
    return this.#ask('GET', `/run?pid=${pid}`, undefined, signal)
  }

  /** What the worker's agent may call. */
  async tools(signal: AbortSignal): Promise<readonly KanbanToolDefinition[]> {
    const { tools } = await this.#ask<{ readonly tools: readonly KanbanToolDefinition[] }>('GET', '/tools', undefined, signal)
    return tools
  }

  heartbeat(body: HeartbeatBody, signal: AbortSignal): Promise<HeartbeatAnswer> {
    return this.#ask('POST', '/run/heartbeat', body, signal)
  }

  async append(body: TranscriptBody, signal: AbortSignal): Promise<void> {
    await this.#ask('POST', '/run/transcript', body, signal)
  }

  /** Says how the attempt ended. */
  end({ as, body }: WorkerEnd, signal: AbortSignal): Promise<EndAnswer> {
    return this.#ending(() => this.#ask('POST', `/run/${as}`, body, signal, { isEnd: true }))
  }

  /** `isEnd`: the attempt is over when it succeeds. */
  async callTool(name: string, input: unknown, { isEnd, signal }: { readonly isEnd: boolean; readonly signal: AbortSignal }): Promise<unknown> {
    const call = () => this.#ask<ToolAnswer>('POST', `/tools/${encodeURIComponent(name)}`, input, signal, { isEnd })
    const { result } = await (isEnd ? this.#ending(call) : call())
    return result
  }

  /** What is wanted of the worker and said to it, for as long as it lives; ends when nobody listens to it any more. */
  async *wishes(signal: AbortSignal): AsyncGenerator<WishEvent> {
    for (let attempt = 0; ; attempt++) {
      try {
        const response = await this.#open('GET', '/run/wishes', undefined, signal)
        if (response.statusCode !== 200) {
          this.#settle({ status: response.statusCode ?? 0, text: await textOf(response) }, { isEnd: false })
        } else {
          for await (const { id, data } of eventsOf(response.setEncoding('utf8'))) {
            attempt = 0
            this.#lastEventId = id ?? this.#lastEventId
            const event = JSON.parse(data) as WishEvent
            if (event.type === 'fenced') throw this.#lose('CLAIM_LOST', 'The task is not this worker’s any more.', { isEnd: false })
            yield event
          }
        }
      } catch (error) {
        if (this.#lost.signal.aborted) return
        signal.throwIfAborted()
        this.#options.log.debug({ err: error }, 'the stream of wishes ended; it is opened again')
      }
      await this.#pause(attempt, signal)
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  async #ending<Result>(say: () => Promise<Result>): Promise<Result> {
    this.#isEnding = true
    try {
      return await say()
    } catch (error) {
      this.#isEnding = false
      throw error
    }
  }

  async #ask<Result>(method: string, path: string, body: unknown, signal: AbortSignal, { isEnd = false }: { readonly isEnd?: boolean } = {}): Promise<Result> {
    for (let attempt = 0; ; attempt++) {
      if (this.#lost.signal.aborted) throw this.#lost.signal.reason
      signal.throwIfAborted()
      const answer = await this.#once(method, path, body, signal)
      if (answer && this.#settle(answer, { isEnd })) return (answer.text === '' ? {} : JSON.parse(answer.text)) as Result
      await this.#pause(attempt, signal)
    }
  }

  /** One try; `undefined` when nobody was there, or went away before it had answered. */
  async #once(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Answer | undefined> {
    const { log } = this.#options
    try {
      const response = await this.#open(method, path, body, signal)
      return { status: response.statusCode ?? 0, text: await textOf(response) }
    } catch (error) {
      signal.throwIfAborted()
      log.debug({ err: error, path }, 'the dispatcher was not reached; it is tried again')
      return undefined
    }
  }

  /** Whether an answer is one, and not a reason to ask again. @throws WorkerError */
  #settle({ status, text }: Answer, said: { readonly isEnd: boolean }): boolean {
    if (PASSING.has(status)) return false
    this.#heardAt = this.#options.clock.monotonic()
    if (status >= 200 && status < 300) return true
    const { code, message } = refusalOf(text)
    if (status === 401 || status === 410 || code === 'CLAIM_LOST' || code === 'RUN_NOT_FOUND' || code === 'BOARD_NOT_FOUND')
      throw this.#lose('CLAIM_LOST', message, said)
    throw new WorkerError('REFUSED', message, { details: { code, status } })
  }

  #lose(code: 'CLAIM_LOST' | 'UNREACHABLE', message: string, { isEnd }: { readonly isEnd: boolean }): WorkerError {
    const error = new WorkerError(code, message)
    if (isEnd || !this.#isEnding) this.#lost.abort(error)
    return error
  }

  async #pause(attempt: number, signal: AbortSignal): Promise<void> {
    const { clock, random = Math.random } = this.#options
    if (!existsSync(dirname(this.#options.socket)))
      throw this.#lose('UNREACHABLE', 'The folder of the dispatcher’s socket is gone, and the home with it.', { isEnd: true })
    if (clock.monotonic() - this.#heardAt > LONGEST_SILENCE_MS) throw this.#lose('UNREACHABLE', 'No dispatcher has been there for a day.', { isEnd: true })
    const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 16))
    // Of many workers that lost one dispatcher not all come at once.
    await clock.delay(ceiling * (0.5 + random() / 2), AbortSignal.any([signal, this.#lost.signal]))
  }

  /** Resolves with the headers. There is no timeout: a socket on this host closes when its other end dies, and checks may take their time. */
  #open(method: string, path: string, body: unknown, signal: AbortSignal): Promise<IncomingMessage> {
    const { socket: socketPath, token } = this.#options
    const isStream = path === '/run/wishes'
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const sent = request({
        socketPath,
        path,
        method,
        signal: AbortSignal.any([signal, this.#lost.signal]),
        agent: isStream ? false : this.#agent,
        headers: {
          host: 'dispatcher',
          authorization: `Bearer ${token}`,
          ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
          ...(isStream && { accept: 'text/event-stream', ...(this.#lastEventId !== undefined && { 'last-event-id': this.#lastEventId }) }),
        },
      })
      sent.once('response', resolve)
      sent.on('error', reject)
      sent.end(text)
    })
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string
  return text
}

function refusalOf(text: string): { readonly code: string; readonly message: string } {
  try {
    const { error } = JSON.parse(text) as Partial<Refusal>
    return { code: codeOf(error) ?? 'unknown', message: error?.message ?? text.slice(0, 400) }
  } catch (error) {
    return { code: 'unknown', message: text.slice(0, 400) || messageOf(error) }
  }
}
