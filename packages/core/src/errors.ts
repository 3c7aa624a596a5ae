/**
 * The base of every error Talaria raises on purpose. Branch on `code`, never on the text.
 *
 * Each package has one subclass with a union of codes. `details` carries plain data for the reader (which field, which
 * limit) and never a secret.
 */
export class TalariaError<Code extends string = string> extends Error {
  readonly code: Code
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: Code, message: string, options: { readonly cause?: unknown; readonly details?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.details = options.details ?? {}
  }
}

/** The code of any error that has one, ours or Node's; `undefined` for the rest. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}

/** A sentence for people out of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
