import { TalariaError } from '@talaria/core'

/** What was typed is understood by no command; ends with 2. */
export class UsageError extends TalariaError<'USAGE'> {
  constructor(message: string) {
    super('USAGE', message)
  }
}
