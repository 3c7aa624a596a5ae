import type { TurnEvent } from '@talaria/db'
import { isTerminal } from '../turns/terminal-status.ts'
import { responseOf, unansweredResponseOf, type ResponseParts } from './response-envelope.ts'
import { endingFields, ResponseAssembler, responseStatusOf, type ResponseEvent } from './response-stream.ts'

/** What the frames of a response need beside the events of its turn. */
export type ResponseRendering = Omit<ResponseParts, 'status' | 'output' | 'completedAt'> & {
  readonly isBackground: boolean
  /** Only frames after this sequence number. */
  readonly startingAfter?: number
}

/**
 * Renders a turn's events as the frames of a response's stream, a string a batch. Every event has a `sequence_number`
 * from 0 on without gaps, and the same one when the stream is rendered again, so that a client goes on where it was.
 */
export class ResponseFrames {
  readonly #rendering: ResponseRendering
  readonly #assembler: ResponseAssembler
  readonly #after: number
  #sequence = 0

  constructor(rendering: ResponseRendering) {
    this.#rendering = rendering
    this.#assembler = new ResponseAssembler(rendering.id)
    this.#after = rendering.startingAfter ?? -1
  }

  /** Frames for these events; the last ones, with `[DONE]`, for a terminal event. */
  render(events: readonly TurnEvent[]): string {
    let frames = this.#sequence === 0 ? this.#beginning() : ''
    for (const event of events) {
      for (const one of this.#assembler.add(event)) frames += this.#frame(one)
      if (isTerminal(event.type)) frames += this.#end(event)
    }
    return frames
  }

  #beginning(): string {
    const status = this.#rendering.isBackground ? 'queued' : 'in_progress'
    const created = this.#frame({ type: 'response.created', response: unansweredResponseOf(this.#rendering, status) })
    const queued = this.#rendering.isBackground ? this.#frame({ type: 'response.queued', response: unansweredResponseOf(this.#rendering, status) }) : ''
    return created + queued + this.#frame({ type: 'response.in_progress', response: unansweredResponseOf(this.#rendering, 'in_progress') })
  }

  #end({ type, data, createdAt }: TurnEvent): string {
    if (!isTerminal(type)) return ''
    const status = responseStatusOf(type)
    const envelope = { ...this.#rendering.envelope, ...endingFields(type, data) }
    const response = responseOf({ ...this.#rendering, envelope, status, completedAt: createdAt, output: this.#assembler.output })
    // The API has no event for "cancelled"; what a client sees then is a response that failed, with the status that says how.
    const name = status === 'cancelled' ? 'failed' : status
    return `${this.#frame({ type: `response.${name}`, response })}data: [DONE]\n\n`
  }

  #frame({ type, ...fields }: ResponseEvent): string {
    const sequence = this.#sequence++
    if (sequence <= this.#after) return ''
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence, ...fields })}\n\n`
  }
}
