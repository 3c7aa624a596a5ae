import { z } from 'zod'
import { parseDuration } from './duration.ts'

/** A schema out of a function that returns `undefined` for what it cannot read. */
function value<T>(expected: string, read: (raw: unknown) => T | undefined): z.ZodType<T> {
  return z
    .unknown()
    .transform((raw, context): T => {
      const result = read(raw)
      if (result !== undefined) return result
      context.addIssue({ code: 'custom', message: `expected ${expected}` })
      return z.NEVER
    })
    .describe(expected)
}

/** Text as it stands, without blanks around it, and not empty. */
export function text(expected = 'a text'): z.ZodType<string> {
  return value(expected, (raw) => (typeof raw === 'string' || typeof raw === 'number' ? String(raw).trim() || undefined : undefined))
}

/** One of these words, in any case. */
export function oneOf<const Word extends string>(...words: readonly Word[]): z.ZodType<Word> {
  return value(`one of ${words.join(', ')}`, (raw) => words.find((word) => word.toLowerCase() === String(raw).trim().toLowerCase()))
}

/** Yes or no: `true`, `1`, `yes` and `on`, or their opposites. */
export function flag(): z.ZodType<boolean> {
  return value('true or false (also 1/0, yes/no, on/off)', (raw) => {
    const word = String(raw).trim().toLowerCase()
    if (['true', '1', 'yes', 'on'].includes(word)) return true
    return ['false', '0', 'no', 'off'].includes(word) ? false : undefined
  })
}

/** A whole number within bounds; `10_000` is one as well. */
export function integer({
  min = Number.MIN_SAFE_INTEGER,
  max = Number.MAX_SAFE_INTEGER,
}: { readonly min?: number; readonly max?: number } = {}): z.ZodType<number> {
  return value(`a whole number${boundsOf(min, max)}`, (raw) => {
    const number = typeof raw === 'string' && /^\s*[+-]?\d[\d_]*\s*$/.test(raw) ? Number(raw.replaceAll('_', '')) : raw
    return typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max ? number : undefined
  })
}

/** A TCP port; 0 has the system choose one. */
export function port(): z.ZodType<number> {
  const schema = integer({ min: 0, max: 65_535 })
  return value('a port number from 0 to 65535', (raw) => schema.safeParse(raw).data)
}

/** Milliseconds out of a text with units: `30s`, `10m`, `1h30m`, `30d`. A bare number is refused: nobody knows what it counts. */
export function duration(): z.ZodType<number> {
  const schema = value('a duration with its unit, such as 30s, 10m or 30d', (raw) =>
    typeof raw === 'string' || raw === 0 ? parseDuration(String(raw)) : undefined,
  )
  return schema.meta({ description: schema.description, unit: 'ms' })
}

/** Several values: separated by commas in a text, or a sequence in YAML. */
export function list<T>(item: z.ZodType<T>): z.ZodType<readonly T[]> {
  return value(`a list, separated by commas, of: ${item.description ?? 'values'}`, (raw) => {
    const isText = typeof raw === 'string' || typeof raw === 'number'
    const parts = Array.isArray(raw) ? (raw as unknown[]) : isText ? String(raw).split(',') : undefined
    if (!parts) return undefined
    const items = parts.filter((part) => String(part).trim() !== '').map((part) => item.safeParse(part))
    return items.every((result) => result.success) ? items.map((result) => result.data) : undefined
  })
}

/** An address with scheme `http` or `https`, without its last slash. */
export function url(): z.ZodType<string> {
  return value('an address that begins with http:// or https://', (raw) => {
    if (typeof raw !== 'string' || !/^https?:\/\//i.test(raw.trim()) || !URL.canParse(raw.trim())) return undefined
    return raw.trim().replace(/\/+$/, '')
  })
}

function boundsOf(min: number, max: number): string {
  const hasMin = min > Number.MIN_SAFE_INTEGER
  const hasMax = max < Number.MAX_SAFE_INTEGER
  if (hasMin && hasMax) return ` from ${min} to ${max}`
  if (hasMin) return `, at least ${min}`
  return hasMax ? `, at most ${max}` : ''
}
