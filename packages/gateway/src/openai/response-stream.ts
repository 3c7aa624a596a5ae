import type { ResponseStatus, StoredItem, TokenUsage, TurnEvent } from '@talaria/db'
import { isTerminal, type TerminalStatus } from '../turns/terminal-status.ts'
import { responseUsageOf } from './response-usage.ts'

/** One event of a response's stream: OpenAI's `type`, and what goes with it. */
export interface ResponseEvent {
  readonly type: string
  readonly [field: string]: unknown
}

/** How a turn's end reads in the words of the Responses API, which knows no "interrupted". */
export function responseStatusOf(status: TerminalStatus): ResponseStatus & ('completed' | 'incomplete' | 'failed' | 'cancelled') {
  return status === 'interrupted' ? 'failed' : status
}

/** The fields of the envelope that a turn's end decides. */
export function endingFields(status: TerminalStatus, data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const error = data['error'] as { code: string; message: string } | undefined
  return {
    error: error && responseStatusOf(status) === 'failed' ? { code: error.code, message: error.message } : null,
    incomplete_details: status === 'incomplete' ? { reason: data['finishReason'] === 'content_filter' ? 'content_filter' : 'max_output_tokens' } : null,
    usage: responseUsageOf((data['usage'] as TokenUsage | undefined) ?? null),
  }
}

/**
 * Turns what an agent did into the items of a response and the events that announce them, in OpenAI's order.
 *
 * A pure function of the turn's events: ids and numbers come out the same when an old stream is rendered again.
 */
export class ResponseAssembler {
  readonly #suffix: string
  readonly #output: StoredItem[] = []
  readonly #calls = new Map<string, number>()
  #open: { readonly kind: 'message' | 'reasoning'; readonly index: number; text: string } | undefined

  constructor(responseId: string) {
    this.#suffix = responseId.slice(responseId.indexOf('_') + 1)
  }

  /** The items so far; those still open are `in_progress`. */
  get output(): readonly StoredItem[] {
    return this.#output
  }

  /** The events that one thing the agent did gives rise to. */
  add({ type, data }: TurnEvent): ResponseEvent[] {
    switch (type) {
      case 'text.delta':
        return this.#text('message', data['text'] as string)
      case 'reasoning.delta':
        return this.#text('reasoning', data['text'] as string)
      case 'tool.started':
        return [...this.#close('completed'), this.#startCall(data)]
      case 'tool.progress':
        return this.#progress(data)
      case 'tool.finished':
        return [...this.#close('completed'), ...this.#finishCall(data)]
      default:
        return isTerminal(type) ? this.finish(type) : []
    }
  }

  #text(kind: 'message' | 'reasoning', text: string): ResponseEvent[] {
    const events = this.#open?.kind === kind ? [] : [...this.#close('completed'), ...this.#openItem(kind)]
    const open = this.#open!
    open.text += text
    const place = { item_id: this.#output[open.index]!.id, output_index: open.index }
    events.push(
      kind === 'message'
        ? { type: 'response.output_text.delta', ...place, content_index: 0, delta: text, logprobs: [] }
        : { type: 'response.reasoning_summary_text.delta', ...place, summary_index: 0, delta: text },
    )
    return events
  }

  #openItem(kind: 'message' | 'reasoning'): ResponseEvent[] {
    const index = this.#output.length
    const id = this.#idOf(kind === 'message' ? 'msg' : 'rs', index)
    const item: StoredItem =
      kind === 'message'
        ? { id, type: 'message', status: 'in_progress', role: 'assistant', content: [] }
        : { id, type: 'reasoning', status: 'in_progress', summary: [] }
    this.#output.push(item)
    this.#open = { kind, index, text: '' }
    const place = { item_id: id, output_index: index }
    return [
      { type: 'response.output_item.added', output_index: index, item },
      kind === 'message'
        ? { type: 'response.content_part.added', ...place, content_index: 0, part: outputText('') }
        : { type: 'response.reasoning_summary_part.added', ...place, summary_index: 0, part: { type: 'summary_text', text: '' } },
    ]
  }

  #close(status: 'completed' | 'incomplete'): ResponseEvent[] {
    const open = this.#open
    if (!open) return []
    this.#open = undefined
    const { index, text } = open
    const before = this.#output[index]!
    const place = { item_id: before.id, output_index: index }
    if (open.kind === 'message') {
      const part = outputText(text)
      const item = { ...before, status, content: [part] }
      this.#output[index] = item
      return [
        { type: 'response.output_text.done', ...place, content_index: 0, text, logprobs: [] },
        { type: 'response.content_part.done', ...place, content_index: 0, part },
        { type: 'response.output_item.done', output_index: index, item },
      ]
    }
    const part = { type: 'summary_text', text }
    const item = { ...before, status, summary: [part] }
    this.#output[index] = item
    return [
      { type: 'response.reasoning_summary_text.done', ...place, summary_index: 0, text },
      { type: 'response.reasoning_summary_part.done', ...place, summary_index: 0, part },
      { type: 'response.output_item.done', output_index: index, item },
    ]
  }

  #startCall(data: Readonly<Record<string, unknown>>): ResponseEvent {
    const index = this.#output.length
    const item: StoredItem = {
      id: this.#idOf('fc', index),
      type: 'function_call',
      status: 'in_progress',
      call_id: data['id'],
      name: data['name'],
      arguments: '',
    }
    this.#output.push(item)
    this.#calls.set(data['id'] as string, index)
    return { type: 'response.output_item.added', output_index: index, item }
  }

  #progress(data: Readonly<Record<string, unknown>>): ResponseEvent[] {
    const index = this.#calls.get(data['id'] as string)
    if (index === undefined || data['argumentsDelta'] === undefined) return []
    return [{ type: 'response.function_call_arguments.delta', item_id: this.#output[index]!.id, output_index: index, delta: data['argumentsDelta'] }]
  }

  #finishCall(data: Readonly<Record<string, unknown>>): ResponseEvent[] {
    const callId = data['id'] as string
    const events: ResponseEvent[] = this.#calls.has(callId) ? [] : [this.#startCall(data)]
    const index = this.#calls.get(callId)!
    const item = { ...this.#output[index]!, status: 'completed', arguments: data['arguments'] }
    this.#output[index] = item
    events.push(
      { type: 'response.function_call_arguments.done', item_id: item.id, output_index: index, name: data['name'], arguments: data['arguments'] },
      { type: 'response.output_item.done', output_index: index, item },
    )
    return data['runs'] === 'server' ? [...events, ...this.#serverResult(callId, data)] : events
  }

  #serverResult(callId: string, data: Readonly<Record<string, unknown>>): ResponseEvent[] {
    const index = this.#output.length
    const item: StoredItem = { id: this.#idOf('fco', index), type: 'function_call_output', status: 'completed', call_id: callId, output: data['output'] ?? '' }
    this.#output.push(item)
    return [
      { type: 'response.output_item.added', output_index: index, item: { ...item, status: 'in_progress' } },
      { type: 'response.output_item.done', output_index: index, item },
    ]
  }

  /** Ends what is open: whole when the turn is whole, `incomplete` otherwise. A call that never finished is one too. */
  finish(status: TerminalStatus): ResponseEvent[] {
    const events = this.#close(status === 'completed' ? 'completed' : 'incomplete')
    for (const [index, item] of this.#output.entries()) {
      if (item['status'] !== 'in_progress') continue
      const cut = { ...item, status: 'incomplete' }
      this.#output[index] = cut
      events.push({ type: 'response.output_item.done', output_index: index, item: cut })
    }
    return events
  }

  #idOf(prefix: string, index: number): string {
    return `${prefix}_${this.#suffix}${index.toString(16).padStart(4, '0')}`
  }
}

function outputText(text: string) {
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}
