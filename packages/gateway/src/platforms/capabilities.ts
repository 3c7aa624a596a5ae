/** What a platform can do; what it cannot is left out, never faked. */
export interface Capabilities {
  readonly threads: boolean
  /** A message that was sent can be changed, so that answers stream. */
  readonly edits: boolean
  readonly typing: boolean
  readonly reactions: boolean
  readonly files: boolean
  readonly voice: boolean
  /** In UTF-16 code units of what is sent. */
  readonly maxLength: number
  /** How Markdown is shown there, for what a model writes. */
  readonly markup: 'markdown' | 'plain'
  /** The fewest milliseconds between two edits of one message that the platform bears for long. */
  readonly editEveryMs: number
  /** What commands begin with; some clients keep `/` for themselves. */
  readonly commandPrefix: '/' | '!'
}
