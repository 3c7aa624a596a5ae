import type { LanguageModelV4FilePart, LanguageModelV4Prompt, LanguageModelV4TextPart } from '@ai-sdk/provider'

const TEXT_LIKE = /^text\/|^application\/(json|xml|yaml|x-yaml|toml|javascript|typescript|sql|x-sh|x-ndjson)$|\+(json|xml)$/

/**
 * Writes attached text files into the message as text, under their names.
 * Providers differ in which of them they take as files (OpenAI: only PDF), but every model reads text.
 */
export function inlineTextFiles(prompt: LanguageModelV4Prompt): LanguageModelV4Prompt {
  if (!prompt.some((message) => message.role === 'user' && message.content.some(isTextFile))) return prompt
  return prompt.map((message) =>
    message.role === 'user' ? { ...message, content: message.content.map((part) => (isTextFile(part) ? textOf(part) : part)) } : message,
  )
}

type InlineFile = LanguageModelV4FilePart & { data: { type: 'data'; data: string } }

function isTextFile(part: LanguageModelV4TextPart | LanguageModelV4FilePart): part is InlineFile {
  return part.type === 'file' && part.data.type === 'data' && typeof part.data.data === 'string' && TEXT_LIKE.test(part.mediaType)
}

function textOf(part: InlineFile): LanguageModelV4TextPart {
  return { type: 'text', text: `File ${part.filename ?? '(no name)'}:\n${Buffer.from(part.data.data, 'base64').toString('utf8')}` }
}
