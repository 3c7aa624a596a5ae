import type { LanguageModelV4Prompt } from '@ai-sdk/provider'

/** What the scripted model notices of a conversation. */
export interface Conversation {
  /** Messages so far, instructions apart. */
  readonly messages: number
  /** Whether the model has answered before. */
  readonly hasAnswered: boolean
  /** The words of the last user message, and what came with them. */
  readonly userText: string
  readonly images: number
  readonly files: number
  /** How many times since then the model has called tools. */
  readonly stepsSinceUser: number
  /** Tool calls of the whole conversation. */
  readonly calls: number
  /** The results that came last, when nothing came after them. */
  readonly results: readonly { readonly tool: string; readonly text: string }[]
}

/** Reads a prompt. */
export function conversationOf(prompt: LanguageModelV4Prompt): Conversation {
  const lastUser = prompt.findLastIndex(({ role }) => role === 'user')
  const user = prompt[lastUser]
  const parts = user?.role === 'user' ? user.content : []
  const files = parts.filter((part) => part.type === 'file')
  const images = files.filter(({ mediaType }) => mediaType.startsWith('image/')).length
  const last = prompt.at(-1)
  return {
    messages: prompt.filter(({ role }) => role !== 'system').length,
    hasAnswered: prompt.some(({ role }) => role === 'assistant'),
    userText: parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n'),
    images,
    files: files.length - images,
    stepsSinceUser: prompt.slice(lastUser + 1).filter((message) => callsOf(message) > 0).length,
    calls: prompt.reduce((sum, message) => sum + callsOf(message), 0),
    results:
      last?.role === 'tool' ? last.content.flatMap((part) => (part.type === 'tool-result' ? [{ tool: part.toolName, text: textOf(part.output) }] : [])) : [],
  }
}

function callsOf(message: LanguageModelV4Prompt[number]): number {
  return message.role === 'assistant' ? message.content.filter(({ type }) => type === 'tool-call').length : 0
}

type Output = Extract<Extract<LanguageModelV4Prompt[number], { role: 'tool' }>['content'][number], { type: 'tool-result' }>['output']

function textOf(output: Output): string {
  if (output.type === 'text' || output.type === 'error-text') return output.value
  if (output.type !== 'content') return JSON.stringify('value' in output ? output.value : output.reason)
  return output.value.map((part) => (part.type === 'text' ? part.text : '(a file)')).join('\n')
}
