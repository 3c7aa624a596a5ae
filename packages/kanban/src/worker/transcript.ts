import { codeOf, redactSecrets, type Clock, type Log } from '@talaria/core'
import type { WorkerClient } from './worker-client.ts'

/** Soon enough to watch, and far less often than a model speaks. */
const FLUSH_EVERY_MS = 250

/** Longer pieces are divided. */
const LONGEST_ENTRY = 50_000
const MOST_ENTRIES = 200
/** What is sent at once stays well below what a server takes. */
const MOST_SENT = 500_000

/** All of one attempt. Beyond it people read a file, not a transcript; the board keeps every one for weeks. */
const MOST_CHARACTERS = 8_000_000

interface Entry {
  readonly kind: string
  body: string
}

export interface TranscriptOptions {
  readonly client: WorkerClient
  readonly clock: Clock
  readonly log: Log
}

/**
 * What the work says, in order, sent a few times a second. Pieces of one kind that come between two sendings are one
 * entry. What was not heard is said again; each entry has its number, so that none is there twice.
 */
export class Transcript {
  readonly #options: TranscriptOptions
  readonly #waiting: Entry[] = []
  #seq = 0
  #characters = 0
  #flushing: Promise<void> | undefined
  #nap: AbortController | undefined
  #isUrgent = false

  constructor(options: TranscriptOptions) {
    this.#options = options
  }

  /** Adds a piece; an `entry` of its own, or more of the one before when it is of the same kind. */
  add(kind: string, text: string, { isEntry = false }: { readonly isEntry?: boolean } = {}): void {
    if (text === '' || this.#characters > MOST_CHARACTERS) return
    this.#characters += text.length
    if (this.#characters > MOST_CHARACTERS) {
      this.#push('note', 'More is not kept: the transcript is full.')
    } else {
      const last = this.#waiting.at(-1)
      if (!isEntry && last?.kind === kind && last.body.length + text.length <= LONGEST_ENTRY) last.body += text
      else for (let at = 0; at < text.length; at += LONGEST_ENTRY) this.#push(kind, text.slice(at, at + LONGEST_ENTRY))
    }
    this.#flushing ??= this.#send()
  }

  /** Resolves when everything up to now has been heard, or `signal` aborts. */
  async flush(signal: AbortSignal): Promise<void> {
    this.#isUrgent = true
    this.#nap?.abort()
    const aborted = Promise.withResolvers<void>()
    const onAbort = () => aborted.resolve()
    signal.addEventListener('abort', onAbort, { once: true })
    if (!signal.aborted) await Promise.race([this.#flushing, aborted.promise])
    signal.removeEventListener('abort', onAbort)
  }

  #push(kind: string, body: string): void {
    this.#waiting.push({ kind, body })
  }

  async #send(): Promise<void> {
    const { client, clock, log } = this.#options
    try {
      while (this.#waiting.length > 0) {
        if (!this.#isUrgent) {
          this.#nap = new AbortController()
          await clock.delay(FLUSH_EVERY_MS, this.#nap.signal).catch(() => {})
        }
        const batch = this.#takeBatch()
        const entries = batch.map(({ kind, body }) => ({ seq: (this.#seq += 1), kind, body: redactSecrets(body) }))
        await client.append({ entries }, client.lost)
      }
    } catch (error) {
      // Whoever lost its claim is stopped by that; the rest is said to nobody.
      if (codeOf(error) !== 'CLAIM_LOST') log.warn({ err: error }, 'a part of the transcript was refused')
    } finally {
      this.#flushing = undefined
      this.#isUrgent = false
    }
  }

  #takeBatch(): readonly Entry[] {
    let length = 0
    const end = this.#waiting.findIndex(({ body }, index) => index === MOST_ENTRIES || ((length += body.length) > MOST_SENT && index > 0))
    const count = end === -1 ? this.#waiting.length : end
    return this.#waiting.splice(0, count)
  }
}
