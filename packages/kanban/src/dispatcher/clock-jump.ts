import type { Clock } from '@talaria/core'

/** Corrections of a clock by NTP are milliseconds; a sleep of the host, or somebody's hand, is more. */
const JUMP_MS = 5_000

/**
 * Notices that the wall's time has moved by something other than time: the host slept, or its clock was set. Leases are
 * measured by the wall, so all of them may seem to be over at once.
 */
export class ClockJump {
  readonly #clock: Clock
  #offset: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#offset = clock.now() - clock.monotonic()
  }

  /** By how many milliseconds the wall has jumped since the last look; 0 when it has not. */
  look(): number {
    const offset = this.#clock.now() - this.#clock.monotonic()
    const jump = offset - this.#offset
    if (Math.abs(jump) < JUMP_MS) return 0
    this.#offset = offset
    return jump
  }
}
