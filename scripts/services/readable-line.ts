import { styleText } from 'node:util'

const LEVELS: readonly { readonly from: number; readonly word: string; readonly style: 'gray' | 'green' | 'yellow' | 'red' }[] = [
  { from: 50, word: 'error', style: 'red' },
  { from: 40, word: 'warn', style: 'yellow' },
  { from: 30, word: 'info', style: 'green' },
  { from: 0, word: 'debug', style: 'gray' },
]

// What the prefix says already, or nobody reads while watching a terminal.
const LEFT_OUT = new Set(['level', 'time', 'msg', 'name', 'pid', 'hostname'])

/**
 * A line of a service's log as a person reads it: time, level, sentence, then the fields. Services log JSON, because
 * what collects logs reads that; a line that is not such JSON is returned as it is.
 */
export function readableLine(line: string): string {
  const entry = logEntryOf(line)
  if (!entry) return line
  const { word, style } = LEVELS.find(({ from }) => entry.level >= from) ?? { word: 'debug', style: 'gray' }
  const fields = Object.entries(entry).filter(([key]) => !LEFT_OUT.has(key))
  const rest = fields.map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' ')
  const time = new Date(entry.time).toLocaleTimeString('sv')
  return [styleText('gray', time), styleText(style, word), entry.msg ?? '', styleText('gray', rest)].filter(Boolean).join(' ').trimEnd()
}

function logEntryOf(line: string): { readonly level: number; readonly time: number; readonly msg?: string } | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const entry = JSON.parse(line) as { level?: unknown; time?: unknown; msg?: string }
    return typeof entry.level === 'number' && typeof entry.time === 'number' ? { ...entry, level: entry.level, time: entry.time } : undefined
  } catch {
    return undefined
  }
}
