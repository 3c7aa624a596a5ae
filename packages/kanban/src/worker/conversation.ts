import type { AgentEvent, AgentMessage, ToolCall } from '@talaria/agent'

type ToolEvent = Extract<AgentEvent, { type: 'tool.finished' }>

/** A conversation with the agent over several turns, put together from the events of each: a turn begins where the last one ended. */
export class Conversation {
  readonly #messages: AgentMessage[] = []
  #text = ''
  #results: ToolEvent[] = []
  #lastText = ''

  get messages(): readonly AgentMessage[] {
    return this.#messages
  }

  /** What the agent said last, without its tools. */
  get lastText(): string {
    return (this.#text || this.#lastText).trim()
  }

  say(text: string): void {
    this.#closeStep()
    this.#messages.push({ role: 'user', content: text })
  }

  accept(event: AgentEvent): void {
    // Words after results, or another call, are the next step's.
    if (this.#results.length > 0 && (event.type === 'text.delta' || event.type === 'tool.started')) this.#closeStep()
    if (event.type === 'text.delta') this.#text += event.text
    else if (event.type === 'tool.finished') this.#results.push(event)
    else if (event.type === 'steered') this.say(event.text)
  }

  #closeStep(): void {
    if (this.#text.trim() === '' && this.#results.length === 0) return
    const toolCalls: readonly ToolCall[] = this.#results.map(({ id, name, arguments: args }) => ({ id, name, arguments: args }))
    this.#messages.push({ role: 'assistant', content: this.#text, ...(toolCalls.length > 0 && { toolCalls }) })
    for (const { id, name, output } of this.#results) this.#messages.push({ role: 'tool', content: output ?? '', toolCallId: id, toolName: name })
    if (this.#text.trim() !== '') this.#lastText = this.#text
    this.#text = ''
    this.#results = []
  }
}
