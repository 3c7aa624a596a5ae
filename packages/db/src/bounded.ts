import type { Clock } from '@talaria/core'
import { DatabaseError } from './errors.ts'

/** Far beyond any sound callback, which ends within one turn of the event loop; short enough that others still get their turn. */
const CALLBACK_DEADLINE_MS = 5_000

/**
 * Waits for a callback that holds a connection, up to a deadline. The deadline costs nothing to one that awaits only its
 * queries: a timer starts only when the event loop turns first.
 *
 * @throws DatabaseError `OVERRUN`
 */
export async function bounded<Result>(running: Promise<Result>, clock: Clock): Promise<Result> {
  const { promise: turned, resolve } = Promise.withResolvers<typeof TURNED>()
  const immediate = setImmediate(resolve, TURNED)
  try {
    const first = await Promise.race([running, turned])
    if (first !== TURNED) return first
    return await withDeadline(running, clock)
  } finally {
    clearImmediate(immediate)
  }
}

const TURNED = Symbol('the event loop turned')

async function withDeadline<Result>(running: Promise<Result>, clock: Clock): Promise<Result> {
  const ended = new AbortController()
  const overrun = clock.delay(CALLBACK_DEADLINE_MS, ended.signal).then(() => {
    throw new DatabaseError(
      'OVERRUN',
      `A database callback was still running after ${CALLBACK_DEADLINE_MS} ms and was rolled back. Callbacks await nothing but their transaction.`,
    )
  })
  try {
    return await Promise.race([running, overrun])
  } finally {
    ended.abort(new Error('the callback ended'))
    overrun.catch(() => {})
    running.catch(() => {})
  }
}
