import type { FinishReason } from '../../agent.ts'
import type { Instruction } from './instruction.ts'

/** A line that is no command; the message says what is wrong with it. */
export class ScriptMistake extends Error {}

/** A command of the script language. */
export interface Command {
  /** As it is written, with what follows it in capitals. */
  readonly syntax: string
  /** What it does, as the help says it. */
  readonly summary: string
  /** Throws `ScriptMistake`. */
  readonly parse: (rest: string) => Instruction
}

const MAX_CHUNKS = 100_000
const MAX_WAIT_MS = 3_600_000

/** The commands that do something; `!then` and `!repeat`, which arrange others, are the parser's. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  say: {
    syntax: '!say TEXT',
    summary: 'says TEXT, one word a chunk; {result} in it is the last tool result, \\n a new line',
    parse: (rest) => ({ do: 'say', text: textOf(rest) }),
  },
  stream: {
    syntax: '!stream N chunks [every DURATION] [TEXT]',
    summary: 'streams N chunks of TEXT, one every DURATION; {n} in it is the number of the chunk',
    parse(rest) {
      const [, count, every, text] = matched(rest, /^(\d+)(?:\s+chunks?)?(?:\s+every\s+(\S+))?(?:\s+(.*))?$/)
      const chunks = Number(count)
      if (chunks > MAX_CHUNKS) throw new ScriptMistake(`at most ${MAX_CHUNKS} chunks`)
      return { do: 'stream', chunks, everyMs: every ? durationOf(every) : 0, text: `${textOf(text || 'word')} ` }
    },
  },
  think: {
    syntax: '!think TEXT',
    summary: 'reasons TEXT, one word a chunk',
    parse: (rest) => ({ do: 'think', text: textOf(rest) }),
  },
  call: {
    syntax: '!call NAME [JSON]',
    summary: 'calls the tool NAME; without JSON, with arguments that its schema demands; several in a row run together',
    parse(rest) {
      const [, tool, json] = matched(rest, /^(\S+)(?:\s+(.*))?$/)
      return { do: 'call', tool: tool!, arguments: json ? jsonOf(json) : '' }
    },
  },
  json: {
    syntax: '!json [JSON]',
    summary: 'answers with JSON; without it, with a value that fits the schema of the request',
    parse: (rest) => ({ do: 'json', text: rest === '' ? undefined : jsonOf(rest) }),
  },
  pause: {
    syntax: '!pause DURATION',
    summary: 'waits, for example 300ms or 2s',
    parse: (rest) => ({ do: 'pause', ms: durationOf(rest) }),
  },
  fail: {
    syntax: '!fail STATUS [retry-after=SECONDS] [times=N] [TEXT]',
    summary: 'fails as a server does (429, 503) or a network (ECONNRESET); with times, only in the first N attempts',
    parse(rest) {
      const [, what, options, message] = matched(rest, /^([45]\d\d|E[A-Z]+)((?:\s+[a-z-]+=\S+)*)(?:\s+(.*))?$/)
      const given = new Map(
        options!
          .trim()
          .split(/\s+/)
          .filter(Boolean)
          .map((option) => option.split('=') as [string, string]),
      )
      const unknown = [...given.keys()].find((name) => name !== 'retry-after' && name !== 'times')
      if (unknown) throw new ScriptMistake(`there is no option '${unknown}'`)
      const times = given.get('times')
      return {
        do: 'fail',
        with: what!,
        retryAfter: given.get('retry-after'),
        times: times === undefined ? Number.POSITIVE_INFINITY : Number(times),
        message: message || 'a scripted failure',
      }
    },
  },
  hang: {
    syntax: '!hang',
    summary: 'says nothing more and never ends, until the turn is stopped or times out',
    parse: () => ({ do: 'hang' }),
  },
  finish: {
    syntax: '!finish REASON',
    summary: 'ends the answer there, with stop, length or content_filter as the reason',
    parse: (rest) => ({ do: 'finish', reason: matched(rest, /^(stop|length|content_filter)$/)[1] as Exclude<FinishReason, 'tool_calls'> }),
  },
  help: {
    syntax: '!help',
    summary: 'shows this list',
    parse: () => ({ do: 'help' }),
  },
}

/** Commands about commands. */
export const ARRANGEMENTS: readonly Pick<Command, 'syntax' | 'summary'>[] = [
  { syntax: '!then', summary: 'what follows comes after the results of the calls before' },
  { syntax: '!repeat N COMMAND', summary: 'does COMMAND N times' },
]

/** The list of all commands, for people. */
export const HELP = [
  'A line that begins with ! is a command for the scripted model:',
  ...[...Object.values(COMMANDS), ...ARRANGEMENTS].map(({ syntax, summary }) => `- \`${syntax}\` ${summary}`),
].join('\n')

function matched(rest: string, pattern: RegExp): RegExpMatchArray {
  const match = rest.match(pattern)
  if (!match) throw new ScriptMistake(rest === '' ? 'something is missing after it' : `'${rest}' is not what it expects`)
  return match
}

function textOf(rest: string): string {
  if (rest === '') throw new ScriptMistake('it needs a text')
  return rest.replaceAll('\\n', '\n')
}

function jsonOf(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text))
  } catch {
    throw new ScriptMistake(`'${text}' is not JSON`)
  }
}

function durationOf(text: string): number {
  const [, amount, unit] = matched(text, /^(\d+(?:\.\d+)?)(ms|s)$/)
  const ms = Number(amount) * (unit === 's' ? 1_000 : 1)
  if (ms > MAX_WAIT_MS) throw new ScriptMistake('at most an hour')
  return ms
}
