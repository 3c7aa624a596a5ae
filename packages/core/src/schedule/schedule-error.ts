import { TalariaError } from '../errors.ts'

/** A schedule that is none, with where in its text it goes wrong. */
export class ScheduleError extends TalariaError<'invalid_schedule'> {
  /** Counted in characters from 0. */
  readonly position: number

  constructor(message: string, position: number) {
    super('invalid_schedule', message, { details: { position } })
    this.position = position
  }
}
