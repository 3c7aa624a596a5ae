import type { AgentMessage, ToolDefinition } from '@talaria/agent'
import { textOf } from '../turns/agent-messages.ts'

/** Of English text with the common tokenizers; other languages need more. */
const CHARACTERS_PER_TOKEN = 4

/** Role and separators of a message, as OpenAI's cookbook counts them. */
const TOKENS_PER_MESSAGE = 4

/** OpenAI's price of a picture at low detail. */
const TOKENS_PER_ATTACHMENT = 85

/**
 * About how many tokens a request is. The real number is known only to the model behind it, which counts when it
 * answers; this serves to see in time that a conversation grows too long.
 */
export function estimateTokens(messages: readonly AgentMessage[], tools: readonly ToolDefinition[] = []): number {
  const ofMessages = messages.map((message) => TOKENS_PER_MESSAGE + tokensOf(textOf(message.content)) + attachments(message) + tokensOf(callsOf(message)))
  const ofTools = tools.map((tool) => tokensOf(JSON.stringify(tool)))
  return [...ofMessages, ...ofTools].reduce((total, tokens) => total + tokens, 0)
}

function tokensOf(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN)
}

function callsOf(message: AgentMessage): string {
  return (message.toolCalls ?? []).map((call) => call.name + call.arguments).join('')
}

function attachments({ content }: AgentMessage): number {
  return typeof content === 'string' ? 0 : TOKENS_PER_ATTACHMENT * content.filter((part) => part.type !== 'text').length
}
