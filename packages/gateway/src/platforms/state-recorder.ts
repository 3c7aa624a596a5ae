import type { Log } from '@talaria/core'
import type { PlatformStatus } from '@talaria/core/contracts'

/** As much of `PlatformStore` as a supervisor needs: where states are written down, and what operators want. */
export interface PlatformRecords {
  record(platform: string, entry: Entry): Promise<void>
  setPaused(platform: string, paused: boolean): Promise<void>
  /** Names of the platforms that an operator has paused. */
  paused(): Promise<ReadonlySet<string>>
}

export interface StateRecorderOptions {
  readonly platform: string
  readonly records: PlatformRecords
  readonly log: Log
}

type Entry = Pick<PlatformStatus, 'state' | 'reason' | 'nextAttemptAt'>

/** Writes each state of a platform down, in order. That one could not be written is logged; the platform does not wait. */
export class StateRecorder {
  readonly #options: StateRecorderOptions
  #writing: Promise<void> = Promise.resolve()
  #waiting: Entry | undefined

  constructor(options: StateRecorderOptions) {
    this.#options = options
  }

  /** While one is being written only the latest waits, so that a database that hangs gathers no queue. */
  record(entry: Entry): void {
    const isFirst = this.#waiting === undefined
    this.#waiting = entry
    if (isFirst) this.#writing = this.#writing.then(() => this.#write())
  }

  /** Resolves when nothing waits to be written any more. */
  async written(): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    const entry = this.#waiting
    this.#waiting = undefined
    if (entry === undefined) return
    const { platform, records, log } = this.#options
    try {
      await records.record(platform, entry)
    } catch (error) {
      log.warn({ err: error, state: entry.state }, 'The state of a platform could not be written down.')
    }
  }
}
