import type { Instruction } from './instruction.ts'

/** What `!fail` fails with: shaped like the errors of real providers, so that it goes the way of theirs. */
export class ScriptedFailure extends Error {
  readonly statusCode: number | undefined
  readonly code: string | undefined
  readonly responseHeaders: Readonly<Record<string, string>>

  constructor({ with: what, retryAfter, message }: Extract<Instruction, { do: 'fail' }>) {
    super(message)
    this.name = 'ScriptedFailure'
    this.statusCode = /^\d/.test(what) ? Number(what) : undefined
    this.code = this.statusCode === undefined ? what : undefined
    this.responseHeaders = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
  }
}
