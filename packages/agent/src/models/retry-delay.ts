const BASE_MS = 500
const CAP_MS = 8_000

/**
 * How long to wait before another attempt: anything up to an exponentially growing bound ("full jitter"), so that
 * clients that failed together do not come back together; never less than the server asked for.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function retryDelayMs(attempt: number, retryAfterMs = 0, random: () => number = Math.random): number {
  return Math.max(retryAfterMs, Math.floor(random() * Math.min(CAP_MS, BASE_MS * 2 ** (attempt - 1))))
}

/**
 * How long the server behind this error asked to be left alone: `retry-after-ms`, or `retry-after` in seconds or as a
 * date (RFC 9110 §10.2.3); `undefined` when it did not say.
 */
export function retryAfterMsOf(error: Readonly<Record<string, unknown>>, nowMs: number): number | undefined {
  const headers = (error['responseHeaders'] ?? {}) as Readonly<Record<string, string | undefined>>
  const exact = Number.parseFloat(headers['retry-after-ms'] ?? '')
  if (exact >= 0) return exact
  const header = headers['retry-after']?.trim()
  if (!header) return undefined
  const ms = /^\d+(\.\d+)?$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}
