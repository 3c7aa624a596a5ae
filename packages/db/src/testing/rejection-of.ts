/** The error that a promise is rejected with; for one that must not go unhandled while the test does something else. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Error & { readonly code?: string }> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('error' in outcome) return outcome.error as Error
  throw new Error(`it was not rejected but resolved to ${String(outcome.value)}`)
}
