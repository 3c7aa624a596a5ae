import { CHARS_PER_TOKEN } from './token-count.ts'

/** Text of the answer or of the reasoning before it. */
export type Block = 'text' | 'reasoning'

/** What goes out of an answer: cut at the limit of tokens and before a stop sequence, and counted. */
export class Output {
  /** Characters that went out, reasoning and tool arguments included. */
  chars = 0
  reasoningChars = 0
  ended: 'length' | 'stop' | undefined
  /** Whether the answer has begun, reasoning apart. */
  hasText = false
  readonly #maxChars: number
  readonly #stops: readonly string[]
  /** So much of what was said may be the beginning of a stop sequence. */
  readonly #holdBack: number
  #held = ''

  constructor(limits: { readonly maxTokens?: number | undefined; readonly stops?: readonly string[] | undefined }) {
    this.#maxChars = (limits.maxTokens ?? Number.POSITIVE_INFINITY) * CHARS_PER_TOKEN
    this.#stops = limits.stops?.filter((stop) => stop !== '') ?? []
    this.#holdBack = Math.max(0, ...this.#stops.map((stop) => stop.length - 1))
  }

  /** What of `text` may go out now: less than it when a stop sequence may have begun, nothing once `ended` is set. Stop sequences are looked for in the answer only. */
  take(block: Block, text: string): string {
    if (this.ended) return ''
    if (block === 'reasoning') return this.#reason(text)
    this.hasText = true
    return this.#stops.length === 0 ? this.count(text) : this.#untilStop(text)
  }

  /** What was held back, now that nothing follows it. */
  flush(): string {
    const held = this.#held
    this.#held = ''
    return this.ended ? '' : this.count(held)
  }

  /** Counts text of any kind, and cuts it at the limit. */
  count(text: string): string {
    const left = this.#maxChars - this.chars
    const cut = text.length > left ? text.slice(0, left) : text
    this.chars += cut.length
    if (text.length > left) this.ended = 'length'
    return cut
  }

  #reason(text: string): string {
    const cut = this.count(text)
    this.reasoningChars += cut.length
    return cut
  }

  /** Ends before the sequence that is complete first, so that it does not matter how the text is chunked. */
  #untilStop(text: string): string {
    this.#held += text
    const found = this.#stops
      .map((stop) => ({ start: this.#held.indexOf(stop), length: stop.length }))
      .filter(({ start }) => start !== -1)
      .toSorted((a, b) => a.start + a.length - b.start - b.length || a.start - b.start)[0]
    const safe = this.#held.slice(0, found?.start ?? Math.max(0, this.#held.length - this.#holdBack))
    this.#held = this.#held.slice(safe.length)
    const cut = this.count(safe)
    if (found) this.ended ??= 'stop'
    return cut
  }
}
