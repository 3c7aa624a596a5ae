import { messageOf } from '@talaria/core'
import { COMMANDS, ScriptMistake } from './commands.ts'
import type { Instruction } from './instruction.ts'

const MAX_INSTRUCTIONS = 10_000

/** A script: what to do in each step, and what is wrong with it. */
export interface Script {
  readonly steps: readonly (readonly Instruction[])[]
  /** One sentence a bad line; with any, nothing of the script is done. */
  readonly mistakes: readonly string[]
}

/** Reads the script in a message: its lines that begin with `!` and a letter. `undefined` when there is none; other lines are for people. */
export function parseScript(text: string): Script | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^![a-z]/i.test(line))
  if (lines.length === 0) return undefined
  const steps: Instruction[][] = [[]]
  const mistakes: string[] = []
  let total = 0
  for (const line of lines) {
    try {
      const instructions = parseLine(line)
      if (instructions === 'then') {
        if (!steps.at(-1)!.some((instruction) => instruction.do === 'call')) throw new ScriptMistake('there is no !call before it to wait for')
        steps.push([])
        continue
      }
      total += instructions.length
      if (total > MAX_INSTRUCTIONS) throw new ScriptMistake(`the script is too long: at most ${MAX_INSTRUCTIONS} commands, repeated ones counted`)
      steps.at(-1)!.push(...instructions)
    } catch (error) {
      mistakes.push(`\`${line}\`: ${messageOf(error)}.`)
    }
  }
  return { steps, mistakes }
}

function parseLine(line: string): readonly Instruction[] | 'then' {
  const [, word = '', rest = ''] = line.match(/^!?([a-z][\w-]*)\s*(.*)$/i) ?? []
  const name = word.toLowerCase()
  if (name === 'then') return 'then'
  if (name === 'repeat') return parseRepeat(rest)
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) throw new ScriptMistake(`there is no command !${name}`)
  try {
    return [command.parse(rest.trim())]
  } catch (error) {
    throw new ScriptMistake(`${messageOf(error)}; it is written \`${command.syntax}\``)
  }
}

function parseRepeat(rest: string): readonly Instruction[] {
  const [, count, command] = rest.match(/^(\d+)\s+(.*)$/) ?? []
  const instructions = command === undefined ? 'then' : parseLine(command)
  if (instructions === 'then') throw new ScriptMistake('it is written `!repeat N COMMAND`')
  if (Number(count) * instructions.length > MAX_INSTRUCTIONS) throw new ScriptMistake(`at most ${MAX_INSTRUCTIONS} times`)
  return Array.from({ length: Number(count) }, () => instructions).flat()
}
