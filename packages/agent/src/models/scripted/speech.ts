import type { ModelCall } from '../model.ts'
import { HELP } from './commands.ts'
import type { Conversation } from './conversation.ts'
import type { Instruction } from './instruction.ts'
import type { Block } from './output.ts'
import { plainAnswer } from './plain-answer.ts'
import { sampleValue } from './sample-value.ts'

/** Words to be said, chunk by chunk. */
export interface Speech {
  readonly block: Block
  readonly chunks: Iterable<string>
  readonly everyMs: number
}

/** The words of an instruction that says something; `undefined` for the others. */
export function speechOf(instruction: Instruction, call: ModelCall, conversation: Conversation): Speech | undefined {
  switch (instruction.do) {
    case 'say':
      return { block: 'text', chunks: wordsOf(instruction.text.replaceAll('{result}', conversation.results.map(({ text }) => text).join('\n'))), everyMs: 0 }
    case 'think':
      return { block: 'reasoning', chunks: wordsOf(instruction.text), everyMs: 0 }
    case 'stream':
      return { block: 'text', chunks: repeated(instruction.text, instruction.chunks), everyMs: instruction.everyMs }
    case 'json':
      return { block: 'text', chunks: wordsOf(instruction.text ?? JSON.stringify(jsonAnswer(call, conversation))), everyMs: 0 }
    case 'help':
      return { block: 'text', chunks: wordsOf(HELP), everyMs: 0 }
    default:
      return undefined
  }
}

function jsonAnswer({ responseFormat }: ModelCall, conversation: Conversation): unknown {
  const schema = responseFormat?.type === 'json' ? responseFormat.schema : undefined
  return schema ? sampleValue(schema as Readonly<Record<string, unknown>>) : { answer: plainAnswer(conversation) }
}

/** The words of a text, each with the space after it. */
function wordsOf(text: string): readonly string[] {
  return text.match(/\s*\S+\s*/g) ?? [text]
}

function* repeated(text: string, times: number): Generator<string> {
  const isNumbered = text.includes('{n}')
  for (let n = 1; n <= times; n++) yield isNumbered ? text.replaceAll('{n}', String(n)) : text
}
