import { parseDuration } from '@talaria/core/config'
import { InvalidArgumentError } from 'commander'

/** Reads a whole number off the command line. */
export function wholeNumber(min = Number.MIN_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (/^-?\d+$/.test(text) && Number.isSafeInteger(number) && number >= min) return number
    throw new InvalidArgumentError(min === 1 ? 'Expected a whole number, 1 at least.' : 'Expected a whole number.')
  }
}

/** Reads a length of time off the command line, as milliseconds; a number alone is seconds. */
export function lengthOfTime(text: string): number {
  const ms = parseDuration(/^\d+$/.test(text) ? `${text}s` : text)
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError('Expected a length of time such as 30s, 5m, 2h or 1d.')
  return ms
}

/** Money in units of its currency, as millionths. */
export function money(text: string): number {
  const amount = Number(text)
  if (text.trim() === '' || !(amount > 0) || !Number.isSafeInteger(Math.round(amount * 1_000_000)))
    throw new InvalidArgumentError('Expected an amount of money such as 2.50.')
  return Math.round(amount * 1_000_000)
}

/** JSON that is an object. */
export function jsonObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Said below in the same words.
  }
  throw new InvalidArgumentError('Expected a JSON object, such as {"pr": 12}.')
}

/** Gathers an option that is given several times, each time one value; commas part values, too. */
export function gathered(text: string, before: readonly string[] = []): readonly string[] {
  return [
    ...before,
    ...text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ]
}

/** Gathers an option that is given several times, whatever its values hold. */
export function gatheredWhole(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}
