// A stack of a deep call is 4 kB, a page of text 3 kB.
const LONGEST_STRING = 4_096
const LONGEST_LIST = 32

/**
 * A line of JSON cut down to `maxCharacters`, as JSON again: long strings and lists lose their ends; if that is not
 * enough, only the plain fields (level, time, message) are left. A shorter line is returned as it is.
 */
export function clipLine(line: string, maxCharacters: number): string {
  if (line.length <= maxCharacters) return line
  const clipped = JSON.parse(line, (_key, value: unknown) => clip(value)) as Record<string, unknown>
  const text = JSON.stringify({ ...clipped, clippedFrom: line.length })
  if (text.length <= maxCharacters) return `${text}\n`
  const plain = Object.entries(clipped)
    .filter(([key, value]) => key.length <= 64 && (typeof value !== 'object' || value === null))
    .slice(0, 16)
  return `${JSON.stringify({ ...Object.fromEntries(plain), clippedFrom: line.length })}\n`
}

function clip(value: unknown): unknown {
  if (typeof value === 'string' && value.length > LONGEST_STRING) return `${value.slice(0, LONGEST_STRING)}… (${value.length} characters)`
  if (Array.isArray(value) && value.length > LONGEST_LIST) return [...(value as unknown[]).slice(0, LONGEST_LIST), `… (${value.length} items)`]
  return value
}
