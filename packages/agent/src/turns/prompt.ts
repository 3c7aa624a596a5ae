import type {
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4TextPart,
  LanguageModelV4ToolCallPart,
  LanguageModelV4ToolResultPart,
} from '@ai-sdk/provider'
import type { AgentMessage, ContentPart, ToolCall } from '../agent.ts'
import { filePartOf } from './file-part.ts'

/**
 * A conversation as models take it.
 *
 * Models are strict where stores are not: instructions come first and as one message, because chat templates of local
 * models know no other place; every call is followed by its result, and no result comes without its call (a history
 * that was cut, or a client that never answered, would otherwise be refused by every provider until it is forgotten).
 */
export function promptOf(messages: readonly AgentMessage[], instructions: readonly (string | undefined)[]): LanguageModelV4Message[] {
  const firstOther = messages.findIndex((message) => message.role !== 'system')
  const leading = messages.slice(0, firstOther === -1 ? messages.length : firstOther)
  const system = [...instructions, ...leading.map((message) => textOf(message.content))].filter((text) => text !== undefined && text !== '')
  const prompt = new PromptBuilder()
  if (system.length > 0) prompt.add({ role: 'system', content: system.join('\n\n') })
  for (const message of messages.slice(leading.length)) prompt.addMessage(message)
  return prompt.build()
}

/** The results of calls as a message to the model. */
export function toolMessageOf(results: readonly { readonly call: ToolCall; readonly output: string; readonly isError: boolean }[]): LanguageModelV4Message {
  return { role: 'tool', content: results.map(({ call, output, isError }) => resultOf(call, { type: isError ? 'error-text' : 'text', value: output })) }
}

/** A call as it goes back to the model that made it: arguments that are not an object would be refused by some providers for ever. */
export function toolCallPartOf(call: ToolCall): LanguageModelV4ToolCallPart {
  return { type: 'tool-call', toolCallId: call.id, toolName: call.name, input: inputOf(call.arguments) }
}

class PromptBuilder {
  readonly #prompt: LanguageModelV4Message[] = []
  /** Calls that were made and not answered yet, in order. */
  readonly #open = new Map<string, ToolCall>()
  #results: LanguageModelV4ToolResultPart[] = []

  addMessage(message: AgentMessage): void {
    switch (message.role) {
      case 'system':
        return this.add({ role: 'system', content: textOf(message.content) })
      case 'user':
        return this.add({ role: 'user', content: userPartsOf(message.content) })
      case 'assistant':
        return this.#addAssistant(message)
      case 'tool':
        return this.#addResult(message)
    }
  }

  add(message: LanguageModelV4Message): void {
    this.#answerOpenCalls()
    this.#prompt.push(message)
  }

  build(): LanguageModelV4Message[] {
    this.#answerOpenCalls()
    return this.#prompt
  }

  #addAssistant(message: AgentMessage): void {
    const text = textOf(message.content)
    const calls = message.toolCalls ?? []
    if (text === '' && calls.length === 0) return
    this.add({ role: 'assistant', content: [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...calls.map(toolCallPartOf)] })
    for (const call of calls) this.#open.set(call.id, call)
  }

  #addResult(message: AgentMessage): void {
    const call = this.#open.get(message.toolCallId ?? '')
    if (!call)
      return this.add({
        role: 'user',
        content: [{ type: 'text', text: `The result of an earlier tool call (${message.toolName ?? 'unknown'}):\n${textOf(message.content)}` }],
      })
    this.#open.delete(call.id)
    const { content } = message
    const hasFiles = typeof content !== 'string' && content.some((part) => part.type !== 'text')
    this.#results.push(
      resultOf(
        call,
        hasFiles
          ? { type: 'content', value: userPartsOf(content).map((part) => (part.type === 'text' ? part : toolFileOf(part))) }
          : { type: 'text', value: textOf(content) },
      ),
    )
  }

  #answerOpenCalls(): void {
    for (const call of this.#open.values())
      this.#results.push(resultOf(call, { type: 'error-text', value: 'There is no result: this call was never answered.' }))
    this.#open.clear()
    if (this.#results.length > 0) this.#prompt.push({ role: 'tool', content: this.#results })
    this.#results = []
  }
}

function resultOf(call: ToolCall, output: LanguageModelV4ToolResultPart['output']): LanguageModelV4ToolResultPart {
  return { type: 'tool-result', toolCallId: call.id, toolName: call.name, output }
}

function toolFileOf({ type, data, mediaType, filename }: LanguageModelV4FilePart) {
  return { type, data, mediaType, ...(filename !== undefined && { filename }) }
}

function userPartsOf(content: AgentMessage['content']): (LanguageModelV4TextPart | LanguageModelV4FilePart)[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return content.map((part: ContentPart) => (part.type === 'text' ? { type: 'text', text: part.text } : filePartOf(part)))
}

function textOf(content: AgentMessage['content']): string {
  if (typeof content === 'string') return content
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n')
}

function inputOf(text: string): unknown {
  try {
    const input: unknown = JSON.parse(text.trim() === '' ? '{}' : text)
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input
  } catch {
    // Falls through: the model sees what it wrote.
  }
  return { invalid_arguments: text }
}
