const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds of a text such as `30s`, `1h30m` or `1.5d`; `0` needs no unit. `undefined` if it is none. */
export function parseDuration(text: string): number | undefined {
  const plain = text.trim().toLowerCase()
  if (plain === '0') return 0
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d)\s*)+$/.test(plain)) return undefined
  let ms = 0
  for (const [, amount, unit] of plain.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) ms += Number(amount) * UNITS[unit as keyof typeof UNITS]
  return Number.isSafeInteger(Math.round(ms)) ? Math.round(ms) : undefined
}

/** Milliseconds as the shortest text that `parseDuration` reads back: `90000` is `90s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0'
  const unit = (['d', 'h', 'm', 's'] as const).find((name) => ms % UNITS[name] === 0) ?? 'ms'
  return `${ms / UNITS[unit]}${unit}`
}
