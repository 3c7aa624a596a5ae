/** Waits for `work`, but no longer than until `signal` aborts; then rejects with its reason, whether the work heeds it or not. */
export function untilAborted<T>(work: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error)
    const settled = (settle: () => void) => {
      signal.removeEventListener('abort', onAbort)
      settle()
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    // Also when aborted already: a rejection that nobody takes would end the process.
    work.then(
      (value) => settled(() => resolve(value)),
      (error: unknown) => settled(() => reject(error)),
    )
  })
}
