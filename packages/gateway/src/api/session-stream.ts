import type { Turn, TurnEvent } from '@talaria/db'
import { isTerminal } from '../turns/terminal-status.ts'
import { usageJson } from './run-events.ts'

/**
 * Renders a turn's events as the named events of `/api/sessions/{id}/chat/stream`, the predecessor's, each with the id
 * under which `/v1/runs/{id}/events` continues after a break.
 */
export class SessionStream {
  readonly #turn: Turn
  readonly #messageId: string
  #text = ''
  #seq = 0
  #isBegun = false

  constructor(turn: Turn) {
    this.#turn = turn
    this.#messageId = turn.request['messageId'] as string
  }

  render(events: readonly TurnEvent[]): string {
    let frames = ''
    if (!this.#isBegun) {
      this.#isBegun = true
      frames += this.#frame('run.started', { user_message: this.#turn.request['userMessage'], runtime: { model: this.#turn.model } })
      frames += this.#frame('message.started', { message: { id: this.#messageId, role: 'assistant' } })
    }
    for (const event of events) frames += this.#framesOf(event)
    return frames
  }

  #framesOf({ type, data, seq }: TurnEvent): string {
    if (isTerminal(type)) return this.#end(type, data, seq)
    switch (type) {
      case 'text.delta':
        this.#text += data['text'] as string
        return this.#frame('assistant.delta', { message_id: this.#messageId, delta: data['text'] }, seq)
      case 'reasoning.delta':
        return this.#frame('tool.progress', { tool_name: 'reasoning', delta: data['text'] }, seq)
      case 'tool.started':
        return this.#frame('tool.started', { tool_name: data['name'], tool_call_id: data['id'] }, seq)
      case 'tool.progress':
        return data['text'] === undefined ? '' : this.#frame('tool.progress', { tool_call_id: data['id'], delta: data['text'] }, seq)
      case 'tool.finished':
        return this.#frame(
          data['isError'] ? 'tool.failed' : 'tool.completed',
          { tool_name: data['name'], tool_call_id: data['id'], args: data['arguments'], preview: data['output'] ?? null },
          seq,
        )
      case 'approval.requested':
        return this.#frame('approval.request', { approval_id: data['id'], tool: data['tool'], arguments: data['arguments'] }, seq)
      default:
        return ''
    }
  }

  #end(status: string, data: Readonly<Record<string, unknown>>, seq: number): string {
    const isWhole = status === 'completed'
    const usage = usageJson((data['usage'] as Turn['usage'] | undefined) ?? null)
    const runtime = { model: this.#turn.model }
    const answer = {
      message_id: this.#messageId,
      content: this.#text,
      completed: isWhole,
      partial: !isWhole && this.#text !== '',
      interrupted: status === 'interrupted',
      runtime,
    }
    const ending =
      isWhole || status === 'incomplete'
        ? ''
        : this.#frame('error', { error: data['error'] ?? null, message: (data['error'] as { message?: string } | undefined)?.message ?? status })
    return (
      this.#frame('assistant.completed', answer) +
      ending +
      this.#frame(`run.${status}`, { usage, runtime, ...(data['pendingSteer'] !== undefined && { pending_steer: data['pendingSteer'] }) }) +
      this.#frame('done', {}, seq)
    )
  }

  /** `id` is the number of the event on disk that this frame comes from, where one alone does. */
  #frame(name: string, fields: Record<string, unknown>, id?: number): string {
    this.#seq += 1
    const data = { session_id: this.#turn.sessionId, run_id: this.#turn.id, seq: this.#seq, ts: this.#turn.createdAt / 1000, ...fields }
    return `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
  }
}
