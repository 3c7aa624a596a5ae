/** What a lease is for; a database is read by one connection and written by another. */
export type Purpose = 'read' | 'write'

/**
 * One counted borrow of a handle. It is counted from before the first `await` until it is given back, and giving it
 * back twice is giving it back once.
 */
export class Lease {
  readonly purpose: Purpose
  /** Wall time, in milliseconds. */
  readonly since: number
  readonly #taken = shallowError()
  readonly #onRelease: (lease: Lease) => void

  constructor(purpose: Purpose, since: number, onRelease: (lease: Lease) => void) {
    this.purpose = purpose
    this.since = since
    this.#onRelease = onRelease
  }

  /** The stack at which it was taken, from the first frame outside this package's plumbing. */
  get where(): string {
    return callerOf(this.#taken)
  }

  release(): void {
    this.#onRelease(this)
  }
}

/** Each frame costs; a frame of the caller must be among them, below ours and Node's. */
const FRAMES = 12

function shallowError(): Error {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = FRAMES
  const error = new Error('taken here')
  Error.stackTraceLimit = limit
  return error
}

const PLUMBING = /\/(lease|handle|registry|database)\.[cm]?[jt]s/

function callerOf({ stack = '' }: Error): string {
  const frames = stack.split('\n').slice(1)
  const first = frames.findIndex((frame) => !PLUMBING.test(frame))
  return frames
    .slice(Math.max(0, first))
    .map((frame) => frame.trim())
    .join('\n')
}
