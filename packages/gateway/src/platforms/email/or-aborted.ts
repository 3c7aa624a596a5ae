import { PlatformError } from '../platform-error.ts'

/** What `work` resolves with, or `timeout` as soon as the signal aborts: the IMAP library knows no signals, and waits for minutes. */
export async function orAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(new PlatformError('timeout', 'The mail server did not answer in time.'))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
