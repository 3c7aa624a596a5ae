import type { Clock } from '@talaria/core'
import type { InboundMessage } from '../../chats/inbound-message.ts'

const REDELIVER_MS = 1_000

/** Hands a message over; resolves when it was taken. */
export type Receive = (message: InboundMessage) => Promise<unknown>

interface Waiting {
  readonly message: InboundMessage
  /** How often it is still to be delivered. */
  copies: number
}

/** What people wrote and nobody has acknowledged yet: delivered in order, each until it was taken. */
export class TwinInbox {
  readonly #clock: Clock
  readonly #waiting: Waiting[] = []
  readonly #connections = new Map<Receive, AbortController>()
  readonly #acknowledged: string[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Ids of the messages that were taken, in order, one for each time. */
  get acknowledged(): readonly string[] {
    return this.#acknowledged
  }

  get connections(): number {
    return this.#connections.size
  }

  add(message: InboundMessage, copies: number): void {
    this.#waiting.push({ message, copies })
    if (this.#waiting.length > 1) return
    for (const [receive, closed] of this.#connections) void this.#deliver(receive, closed.signal)
  }

  connect(receive: Receive): void {
    const closed = new AbortController()
    this.#connections.set(receive, closed)
    void this.#deliver(receive, closed.signal)
  }

  disconnect(receive: Receive): void {
    this.#connections.get(receive)?.abort(new Error('The connection is closed.'))
    this.#connections.delete(receive)
  }

  async #deliver(receive: Receive, closed: AbortSignal): Promise<void> {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const isTaken = await receive(next.message).then(
        () => true,
        () => false,
      )
      // What is said on a connection that is gone is not heard.
      if (closed.aborted) return
      if (!isTaken) {
        await this.#clock.delay(REDELIVER_MS, closed).catch(() => {})
        if (closed.aborted) return
        continue
      }
      this.#acknowledged.push(next.message.messageId)
      next.copies -= 1
      if (next.copies <= 0) this.#waiting.splice(this.#waiting.indexOf(next), 1)
    }
  }
}
