const FIRST_MS = 5_000
const LONGEST_MS = 30 * 60_000

/** How long to wait after an attempt that failed, the first being 1: twice as long each time, and by chance up to a third less, so that those whom one outage made fail do not all come back at once. */
export function retryDelayMs(attempts: number, random: () => number): number {
  return Math.min(FIRST_MS * 2 ** (attempts - 1), LONGEST_MS) * (1 - random() / 3)
}
