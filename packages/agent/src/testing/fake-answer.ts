/** How the fake provider answers one request: what it says, and what goes wrong. */
export interface FakeAnswer {
  readonly text?: readonly string[]
  readonly reasoning?: string
  readonly calls?: readonly { readonly id: string; readonly name: string; readonly arguments: string }[]
  /** Left out: `tool_calls` when there are calls, else `stop`. */
  readonly finish?: 'stop' | 'length' | 'tool_calls' | 'content_filter'
  readonly usage?: { readonly input: number; readonly output: number; readonly reasoning?: number; readonly cached?: number }

  /** Other than 200: an error of this status, with `error` in its body. */
  readonly status?: number
  readonly error?: { readonly message: string; readonly type?: string; readonly code?: string }
  readonly headers?: Readonly<Record<string, string>>
  readonly headersDelayMs?: number
  readonly firstTokenDelayMs?: number
  /** After so many frames: the connection stays open and nothing more comes. */
  readonly stallAfter?: number
  /** After so many frames: the connection is torn down. */
  readonly dropAfter?: number
  /** After so many frames: one that is not JSON. */
  readonly malformedAfter?: number
  /** The body stays open for so long after its last frame. */
  readonly endDelayMs?: number
}
