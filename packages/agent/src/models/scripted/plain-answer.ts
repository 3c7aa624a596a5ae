import type { Conversation } from './conversation.ts'

const MAX_QUOTE = 200

/** What the scripted model is, and how to get a real one. */
const INTRODUCTION = [
  "I am Talaria's scripted model, not a language model: I am built in so that everything can be tried before a real one is set up. I understand nothing of what you write. I repeat it, and I follow small scripts (send `!help`).",
  'To talk to a real model, set these variables and restart:',
  [
    '- Ollama, or any OpenAI-compatible server: `TALARIA_MODEL=openai-compatible/llama3.2` and `OPENAI_BASE_URL=http://127.0.0.1:11434/v1`',
    '- OpenAI: `TALARIA_MODEL=openai/gpt-5` and `OPENAI_API_KEY`',
    '- Anthropic: `TALARIA_MODEL=anthropic/claude-sonnet-4-5` and `ANTHROPIC_API_KEY`',
  ].join('\n'),
].join('\n\n')

/** The answer to a message without a script: in the first the model introduces itself, in every one it says what it was given. */
export function plainAnswer(conversation: Conversation): string {
  if (conversation.results.length > 0) {
    return `(scripted model) ${conversation.results.map(({ tool, text }) => `The tool ${tool} answered: ${quote(text)}`).join('\n')}`
  }
  if (!conversation.hasAnswered) return `${INTRODUCTION}\n\n${echoOf(conversation)}`
  return `(scripted model) This conversation has ${counted(conversation.messages, 'message')}. ${echoOf(conversation)}`
}

function echoOf({ userText, images, files }: Conversation): string {
  const attached = [...(images > 0 ? [counted(images, 'image')] : []), ...(files > 0 ? [counted(files, 'file')] : [])]
  return `You wrote: ${quote(userText)}${attached.length > 0 ? ` With it came ${attached.join(' and ')}.` : ''}`
}

function quote(text: string): string {
  const short = [...text].length > MAX_QUOTE ? `${[...text].slice(0, MAX_QUOTE).join('')}…` : text
  return `“${short}”.`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
