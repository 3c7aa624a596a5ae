import type { LanguageModelV4Prompt } from '@ai-sdk/provider'

/** The scripted model's rule: a token is four characters, rounded up. About right for English with real models. */
export const CHARS_PER_TOKEN = 4

/** What a picture or file counts, whatever its size. */
const CHARS_PER_FILE = 400

/** The tokens of so many characters. */
export function tokensOf(chars: number): number {
  return Math.ceil(chars / CHARS_PER_TOKEN)
}

/** The tokens of everything a model is given to read. */
export function promptTokens(prompt: LanguageModelV4Prompt): number {
  let chars = 0
  for (const { content } of prompt) {
    if (typeof content === 'string') chars += content.length
    else for (const part of content) chars += charsOf(part)
  }
  return tokensOf(chars)
}

function charsOf(part: Exclude<LanguageModelV4Prompt[number]['content'], string>[number]): number {
  switch (part.type) {
    case 'text':
    case 'reasoning':
      return part.text.length
    case 'tool-call':
      return part.toolName.length + JSON.stringify(part.input).length
    case 'tool-result':
      return 'value' in part.output && typeof part.output.value === 'string' ? part.output.value.length : JSON.stringify(part.output).length
    default:
      return CHARS_PER_FILE
  }
}
