/** How every service says no over HTTP: the envelope of OpenAI's API, which its clients turn into exceptions. */
export interface JsonError {
  readonly error: {
    readonly message: string
    /** The family, in OpenAI's words: `invalid_request_error`, `permission_error`, `server_error`, … */
    readonly type: string
    /** Which parameter of the request is meant, if it is one. */
    readonly param: string | null
    /** What to branch on. */
    readonly code: string | null
  }
}

/** An error body with its four keys always present. */
export function jsonError(message: string, fields: { readonly type: string; readonly param?: string; readonly code?: string }): JsonError {
  return { error: { message, type: fields.type, param: fields.param ?? null, code: fields.code ?? null } }
}
