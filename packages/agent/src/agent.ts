/** Whatever answers. The gateway hands it a conversation and relays what it yields; it never touches a database. */
export interface Agent {
  /**
   * Answers once. Yields events as they happen and always ends with exactly one `finished` or `failed`, whatever went
   * wrong; it throws only the reason of an aborted `signal`.
   */
  run(request: AgentRequest, signal: AbortSignal): AsyncIterable<AgentEvent>
  /** The model names a client may select, the default first. */
  models(): readonly ModelListing[]
}

/** A name that selects a model. */
export interface ModelListing {
  readonly id: string
  /** What stands behind the name, as `provider/model`. */
  readonly target: string
  readonly ownedBy: string
}

/** What is to be answered, and how. */
export interface AgentRequest {
  readonly turnId: string
  readonly sessionId: string
  /** A name of `models()`; any other name runs the default model. */
  readonly model: string
  /** Instructions for this answer, put before the conversation. */
  readonly instructions?: string
  readonly messages: readonly AgentMessage[]
  /** Functions the client will run itself: offered to the model, and ending the turn with reason `tool_calls`. */
  readonly clientTools?: readonly ToolDefinition[]
  readonly toolChoice?: 'auto' | 'none' | 'required' | { readonly name: string }
  readonly sampling?: Sampling
  /** Called between steps: text the user adds while the turn runs, or `undefined`. */
  readonly steer?: () => string | undefined
  /** Asks whether a server tool may run; absent means that tools which need approval are denied. */
  readonly approve?: (request: ApprovalRequest, signal: AbortSignal) => Promise<ApprovalAnswer>
}

/** Whether a tool may run; if nobody was asked, why it may not, for the model. */
export type ApprovalAnswer = 'allow' | 'deny' | { readonly denied: string }

/** How the model is to choose its words; what is left out is the provider's to decide. */
export interface Sampling {
  readonly temperature?: number
  readonly topP?: number
  readonly maxOutputTokens?: number
  readonly stop?: readonly string[]
  readonly seed?: number
  readonly presencePenalty?: number
  readonly frequencyPenalty?: number
  readonly reasoningEffort?: string
  /** `json` without a schema is "any JSON object". */
  readonly responseFormat?: {
    readonly type: 'json'
    readonly name?: string
    readonly description?: string
    readonly schema?: Record<string, unknown>
    /** Whether the provider must guarantee the schema; some schemas cannot be guaranteed. Absent: as the provider has it. */
    readonly strict?: boolean
  }
}

/** One message of a conversation. */
export interface AgentMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string | readonly ContentPart[]
  /** Calls an assistant message made. */
  readonly toolCalls?: readonly ToolCall[]
  /** On a `tool` message: the call it answers. */
  readonly toolCallId?: string
  readonly toolName?: string
}

/** A piece of a message. */
export type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  /** `url` is http(s) or a `data:` URL. */
  | { readonly type: 'image'; readonly url: string; readonly detail?: string }
  | { readonly type: 'file'; readonly url: string; readonly filename?: string; readonly mediaType?: string }

/** A function that the model wants to have run. */
export interface ToolCall {
  readonly id: string
  readonly name: string
  /** JSON text, as the model wrote it. */
  readonly arguments: string
}

/** A function that is offered to the model. */
export interface ToolDefinition {
  readonly name: string
  readonly description?: string
  /** JSON Schema of the arguments. */
  readonly parameters: Record<string, unknown>
  readonly strict?: boolean
}

/** A call that waits for somebody to allow it. */
export interface ApprovalRequest {
  readonly id: string
  readonly tool: string
  readonly arguments: string
}

/** Tokens, as the provider counted them; reasoning is part of the output, what was cached part of the input. */
export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly reasoningTokens: number
  readonly cachedInputTokens: number
}

/** Why an answer ended: of itself, at a limit, for the client to run its tools, or because the provider cut it. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

/** What to do about a failure: data in one table, not a judgement each model adapter makes anew. */
export type FailureClass = 'retryable' | 'fatal' | 'misconfigured'

/** What happens in a turn, in the order it happens. */
export type AgentEvent =
  | { readonly type: 'text.delta'; readonly text: string }
  | { readonly type: 'reasoning.delta'; readonly text: string }
  | { readonly type: 'tool.started'; readonly id: string; readonly name: string; readonly runs: 'client' | 'server' }
  /** Arguments as they are written by the model, or words from a running server tool. */
  | { readonly type: 'tool.progress'; readonly id: string; readonly argumentsDelta?: string; readonly text?: string }
  /** For a client's tool: the call is complete and it is the client's turn. For a server's: it ran, and this came out. */
  | {
      readonly type: 'tool.finished'
      readonly id: string
      readonly name: string
      readonly runs: 'client' | 'server'
      readonly arguments: string
      readonly output?: string
      readonly isError?: boolean
    }
  | { readonly type: 'approval.requested'; readonly id: string; readonly tool: string; readonly arguments: string }
  | { readonly type: 'approval.answered'; readonly id: string; readonly choice: 'allow' | 'deny' }
  | { readonly type: 'steered'; readonly text: string }
  /** Of the whole turn so far; the last one counts. */
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'finished'; readonly reason: FinishReason }
  | { readonly type: 'failed'; readonly failure: FailureClass; readonly code: string; readonly message: string }
