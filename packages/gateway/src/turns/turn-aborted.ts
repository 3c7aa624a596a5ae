/** Why a running turn was told to end; the reason of its abort signal. */
export class TurnAborted extends Error {
  readonly status: 'cancelled' | 'interrupted'
  readonly code: string

  constructor(status: 'cancelled' | 'interrupted', code: string, message: string) {
    super(message)
    this.name = 'TurnAborted'
    this.status = status
    this.code = code
  }
}
