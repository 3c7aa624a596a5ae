import type { FinishReason } from '../../agent.ts'

/** One thing the scripted model does; a script is a list of these for each step of a turn. */
export type Instruction =
  /** Text of the answer or of the reasoning, one word a chunk. */
  | { readonly do: 'say' | 'think'; readonly text: string }
  /** The same text so many times, one chunk each; `{n}` in it is the chunk's number. */
  | { readonly do: 'stream'; readonly chunks: number; readonly everyMs: number; readonly text: string }
  | { readonly do: 'call'; readonly tool: string; readonly arguments: string }
  | { readonly do: 'json'; readonly text: string | undefined }
  | { readonly do: 'pause'; readonly ms: number }
  /** Fails as a server or a network would, in the first `times` attempts. */
  | { readonly do: 'fail'; readonly with: string; readonly retryAfter: string | undefined; readonly times: number; readonly message: string }
  | { readonly do: 'hang' }
  | { readonly do: 'finish'; readonly reason: Exclude<FinishReason, 'tool_calls'> }
  | { readonly do: 'help' }
