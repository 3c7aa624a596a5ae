import type { Turns } from '../turns/turns.ts'
import { TurnAborted } from '../turns/turn-aborted.ts'
import type { InboundMessage } from './inbound-message.ts'

/** The turn that a conversation is at, from before it is accepted: what can still be said to it. */
export class OngoingTurn {
  readonly #turns: Pick<Turns, 'steer' | 'stop'>
  readonly #steered: { readonly id: string; readonly text: string }[] = []
  #turnId: string | undefined
  #isInterrupted = false

  constructor(turns: Pick<Turns, 'steer' | 'stop'>) {
    this.#turns = turns
  }

  /** It was accepted. */
  begin(turnId: string): void {
    this.#turnId = turnId
    if (this.#isInterrupted) this.interrupt()
  }

  /** Hands it a message; what it does not take up stays in the queue. Files cannot be handed over. */
  steer(id: string, { text, attachments }: InboundMessage): void {
    if (this.#turnId === undefined || attachments.length > 0 || text === '') return
    if (this.#turns.steer(this.#turnId, text)) this.#steered.push({ id, text })
  }

  /** Ends it, so that the next message is answered instead. */
  interrupt(): void {
    this.#isInterrupted = true
    if (this.#turnId !== undefined) this.#turns.stop(this.#turnId, new TurnAborted('cancelled', 'interrupted_by_message', 'Another message came.'))
  }

  /** Ids of the messages that it has taken up, when `pending` is what it was handed and has not. */
  takenUp(pending: string): readonly string[] {
    // An agent takes all that there is at once, so that what is left is always the last of them.
    const isLeft = (from: number) =>
      this.#steered
        .slice(from)
        .map(({ text }) => text)
        .join('\n') === pending
    const first = pending === '' ? this.#steered.length : this.#steered.findIndex((_, index) => isLeft(index))
    return this.#steered.slice(0, first === -1 ? 0 : first).map(({ id }) => id)
  }
}
