import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

export interface LoopOptions {
  /** What the log calls it: `retention`, `dispatcher`, … */
  readonly name: string
  /** From the end of a step to the beginning of the next, so that slow steps never pile up. */
  readonly everyMs: number
  /** From the start of the loop to its first step; 0 unless told otherwise. */
  readonly firstAfterMs?: number
  readonly clock: Clock
  readonly log: Log
  /** One round of the work; when it knows when there is more, it returns in how many ms. `signal` aborts when the loop is disposed. */
  readonly step: (signal: AbortSignal) => Promise<number | void>
}

/** Work that is done again and again until it is disposed. */
export interface Loop extends AsyncDisposable {
  /** Begins the next step now; while a step runs, right after it. Calls add up to one step, not to one each. */
  wake(): void
}

/**
 * Starts a loop whose steps never overlap. A step that throws is logged and the loop goes on: a bad round must not end
 * the work of months. Disposing aborts the signal and waits for the running step; twice is once.
 */
export function startLoop(options: LoopOptions): Loop {
  const { name, everyMs, firstAfterMs = 0, clock, log, step } = options
  const stop = new AbortController()
  let woken = false
  let nap: AbortController | undefined

  /** Ends early when woken or stopped. */
  const sleep = async (ms: number) => {
    if (ms <= 0 || woken || stop.signal.aborted) return
    nap = new AbortController()
    await clock.delay(ms, nap.signal).catch(() => {})
    nap = undefined
  }

  const run = async () => {
    for (let pauseMs = firstAfterMs; ;) {
      await sleep(pauseMs)
      if (stop.signal.aborted) return
      // Before the step: a wake during it asks for another one.
      woken = false
      pauseMs = everyMs
      try {
        pauseMs = Math.min(everyMs, (await step(stop.signal)) ?? everyMs)
      } catch (error) {
        if (!stop.signal.aborted) log.error({ err: error, loop: name }, `The loop '${name}' failed a step and goes on.`)
      }
    }
  }

  const running = run()
  return {
    wake() {
      woken = true
      nap?.abort()
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      nap?.abort()
      await running
    },
  }
}
