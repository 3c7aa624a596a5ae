import { styleText } from 'node:util'
import { readableLine } from './readable-line.ts'

const COLOURS = ['cyan', 'magenta', 'blue', 'yellow'] as const

/** Where a launcher writes: its own sentences, and the lines of each service behind the service's name. */
export interface Terminal {
  /** Writes a sentence so that it stands out, and what belongs to it below. */
  say(sentence: string, ...details: readonly string[]): void
  /** What takes the lines of the service called `name`. */
  linesOf(name: string): (line: string) => void
}

/** The terminal of this process, for services of these names. */
export function createTerminal(names: readonly string[]): Terminal {
  const width = Math.max(...names.map((name) => name.length))
  const write = (text: string) => void process.stdout.write(`${text}\n`)
  // When the terminal has gone, the services must still be stopped in order.
  process.stdout.on('error', () => {})
  return {
    say: (sentence, ...details) => write([styleText('bold', sentence), ...details].join('\n')),
    linesOf(name) {
      const prefix = styleText(COLOURS[names.indexOf(name) % COLOURS.length] ?? 'cyan', `${name.padEnd(width)} │`)
      return (line) => write(`${prefix} ${readableLine(line)}`)
    },
  }
}
