// Ctrl-C under npm arrives up to three times: from the terminal, from npm, and from the process that runs this one.
const SAME_KEYPRESS_MS = 1_000

/**
 * Calls `react` with 1 when this process is first asked to end, with 2 when it is asked again, and so on. Signals that
 * come within a second of each other are one wish.
 */
export function onStopSignal(react: (times: number) => void): void {
  let times = 0
  let lastAt = -Infinity
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const now = performance.now()
      if (now - lastAt < SAME_KEYPRESS_MS) return
      lastAt = now
      react(++times)
    })
  }
}
