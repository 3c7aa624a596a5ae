import type { ModelCall } from '../model.ts'
import { HELP } from './commands.ts'
import type { Conversation } from './conversation.ts'
import type { Instruction } from './instruction.ts'
import { parseScript } from './parse-script.ts'
import { plainAnswer } from './plain-answer.ts'

/** What to do in this step: the script's next part; without one, what the request demands; else a plain answer. */
export function planOf(call: ModelCall, conversation: Conversation): readonly Instruction[] {
  const script = parseScript(conversation.userText)
  if (script && script.mistakes.length > 0) return [say(['I do not understand this script:', ...script.mistakes, '', HELP].join('\n'))]
  const step = script?.steps[conversation.stepsSinceUser]
  return step ? step.map((instruction) => (instruction.do === 'call' ? callOrExcuse(instruction, call) : instruction)) : unscripted(call, conversation)
}

function unscripted(call: ModelCall, conversation: Conversation): readonly Instruction[] {
  const { toolChoice, tools, responseFormat } = call
  const demanded = toolChoice?.type === 'tool' ? toolChoice.toolName : toolChoice?.type === 'required' ? tools?.[0]?.name : undefined
  if (demanded !== undefined) return [callOrExcuse({ do: 'call', tool: demanded, arguments: '' }, call)]
  if (responseFormat?.type === 'json') return [{ do: 'json', text: undefined }]
  return [say(plainAnswer(conversation))]
}

function callOrExcuse(instruction: Extract<Instruction, { do: 'call' }>, { tools = [], toolChoice }: ModelCall): Instruction {
  if (toolChoice?.type === 'none') return say(`I was told to call no tools, so I do not call ${instruction.tool}.`)
  if (tools.some(({ name }) => name === instruction.tool)) return instruction
  return say(`I was offered no tool ${instruction.tool}. I was offered: ${tools.map(({ name }) => name).join(', ') || 'none'}.`)
}

function say(text: string): Instruction {
  return { do: 'say', text }
}
