const FIRST_MS = 1_000
const LONGEST_MS = 5 * 60_000

/** A platform that asks for more than a day would strand the message. */
const LONGEST_RETRY_AFTER_MS = 24 * 3_600_000

/** How long to wait after an attempt that failed, the first being 1: twice as long each time, never less than the platform asked for. */
export function retryDelayMs(attempts: number, retryAfterMs = 0): number {
  // No jitter: the messages of one chat go one after another, and chats fail by themselves.
  return Math.max(Math.min(FIRST_MS * 2 ** (attempts - 1), LONGEST_MS), Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS))
}
