/** Time, passed in, so that tests own it. The only way any part of Talaria reads the clock or waits. */
export interface Clock {
  /** Wall time in milliseconds since the epoch; what is written to databases. */
  now(): number
  /** Monotonic milliseconds; for durations and deadlines, because wall time jumps. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  delay(ms: number, signal?: AbortSignal): Promise<void>
}

// Node's timers hold 31 bits: a longer one, such as a retention of 30 days, would fire after 1 ms.
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The machine's own clock; the one every `main.ts` passes on. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  delay(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      let timer: NodeJS.Timeout
      const onAbort = () => {
        clearTimeout(timer)
        reject(signal?.reason as Error)
      }
      const sleep = (leftMs: number) => {
        timer = setTimeout(
          () => {
            if (leftMs > LONGEST_TIMER_MS) return sleep(leftMs - LONGEST_TIMER_MS)
            signal?.removeEventListener('abort', onAbort)
            resolve()
          },
          Math.min(leftMs, LONGEST_TIMER_MS),
        )
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      sleep(ms)
    })
  },
}
