import { createId } from '@talaria/core'
import type { MessageToolCall, NewMessage, TokenUsage, TurnEvent } from '@talaria/db'

/** What a turn's events add up to. */
export interface TurnSummary {
  /** All text said to the user, in order. */
  readonly text: string
  readonly reasoning: string
  /** Calls the client is to run. */
  readonly clientCalls: readonly MessageToolCall[]
  readonly usage: TokenUsage | null
}

/** Adds a turn's events up. A pure function, so that a stored turn is rendered just as a live one. */
export function summarize(events: readonly TurnEvent[]): TurnSummary {
  let text = ''
  let reasoning = ''
  let usage: TokenUsage | null = null
  const clientCalls: MessageToolCall[] = []
  for (const { type, data } of events) {
    if (type === 'text.delta') text += data['text'] as string
    else if (type === 'reasoning.delta') reasoning += data['text'] as string
    else if (type === 'usage') usage = data['usage'] as TokenUsage
    else if (type === 'tool.finished' && data['runs'] === 'client') clientCalls.push(callOf(data))
  }
  return { text, reasoning, clientCalls, usage }
}

/**
 * The messages a turn adds to its session: one assistant message for each time the model spoke, each followed by the
 * results of the server tools it called.
 */
export function messagesOfEvents(events: readonly TurnEvent[], finishReason: string, nowMs: number): readonly NewMessage[] {
  const messages: NewMessage[] = []
  let step = emptyStep()
  const closeStep = (reason?: string) => {
    if (step.text !== '' || step.reasoning !== '' || step.calls.length > 0) messages.push(assistantMessage(step, reason, nowMs), ...step.results)
    step = emptyStep()
  }
  for (const { type, data } of events) {
    // Once all its calls are answered, whatever the model says or calls is its next step.
    if (SPEAKS.has(type) && step.results.length > 0 && step.open === 0) closeStep()
    if (type === 'text.delta') step.text += data['text'] as string
    else if (type === 'reasoning.delta') step.reasoning += data['text'] as string
    else if (type === 'steered') {
      closeStep()
      messages.push({ id: createId('msg', nowMs), role: 'user', content: data['text'] as string })
    } else if (type === 'tool.started') {
      step.open += 1
    } else if (type === 'tool.finished') {
      step.open -= 1
      step.calls.push(callOf(data))
      if (data['runs'] === 'server') step.results.push(toolMessage(data, nowMs))
    }
  }
  closeStep(finishReason)
  return messages
}

const SPEAKS: ReadonlySet<string> = new Set(['text.delta', 'reasoning.delta', 'tool.started'])

interface Step {
  /** Calls that were begun and are not finished. */
  open: number
  text: string
  reasoning: string
  calls: MessageToolCall[]
  results: NewMessage[]
}

function emptyStep(): Step {
  return { open: 0, text: '', reasoning: '', calls: [], results: [] }
}

function callOf(data: Readonly<Record<string, unknown>>): MessageToolCall {
  return { id: data['id'] as string, name: data['name'] as string, arguments: data['arguments'] as string }
}

function assistantMessage(step: Step, finishReason: string | undefined, nowMs: number): NewMessage {
  return {
    id: createId('msg', nowMs),
    role: 'assistant',
    content: step.text,
    ...(step.calls.length > 0 && { toolCalls: step.calls }),
    ...(step.reasoning !== '' && { reasoning: step.reasoning }),
    ...(finishReason !== undefined && { finishReason }),
  }
}

function toolMessage(data: Readonly<Record<string, unknown>>, nowMs: number): NewMessage {
  return {
    id: createId('msg', nowMs),
    role: 'tool',
    content: (data['output'] as string | undefined) ?? '',
    toolCallId: data['id'] as string,
    toolName: data['name'] as string,
  }
}
