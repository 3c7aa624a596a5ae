/** What the stores of `gateway.db` give and take: plain values, times in integer milliseconds, ids as text. */

/** Whose rows one may see: everybody's (the root key and admins), or one owner's. */
export type Viewer = { readonly all: true } | { readonly owner: string }

/** A place on a chat service where people talk; what inbound and outbound messages are addressed by. */
export interface ChatAddress {
  readonly platform: string
  /** Whom we are there, such as the bot's id. */
  readonly account: string
  readonly chatId: string
  /** A thread or topic within the chat; empty for the chat itself. */
  readonly threadId: string
}

export interface Session {
  readonly id: string
  readonly owner: string
  /** The platform it began on: `api`, later `telegram`, `webui`, … */
  readonly source: string
  readonly userId: string | null
  readonly title: string | null
  readonly model: string | null
  readonly systemPrompt: string | null
  readonly parentSessionId: string | null
  readonly createdAt: number
  /** When something last happened in it; the list is ordered by this. */
  readonly updatedAt: number
  readonly endedAt: number | null
  readonly endReason: string | null
  readonly pinned: boolean
  readonly archived: boolean
  readonly hidden: boolean
  readonly unread: boolean
  readonly messageCount: number
  readonly toolCallCount: number
  readonly usage: TokenUsage
  /** The beginning of the newest user or assistant message. */
  readonly preview: string | null
  readonly metadata: Readonly<Record<string, unknown>>
}

export interface TokenUsage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly reasoningTokens: number
  readonly cachedInputTokens: number
}

export type MessageRole = 'system' | 'user' | 'assistant' | 'tool'

export interface MessageToolCall {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

export interface NewMessage {
  readonly id: string
  readonly role: MessageRole
  /** The text of it, which is also what is searched. */
  readonly content: string
  /** Images and files, when there is more than text: the content parts as the agent takes them. */
  readonly parts?: readonly unknown[]
  readonly toolCalls?: readonly MessageToolCall[]
  readonly toolCallId?: string
  readonly toolName?: string
  readonly reasoning?: string
  readonly finishReason?: string
}

export interface Message {
  readonly id: string
  readonly sessionId: string
  readonly turnId: string | null
  /** Strictly growing over the whole database; the cursor of every page of messages. */
  readonly position: number
  readonly role: MessageRole
  readonly content: string
  readonly parts: readonly unknown[] | null
  readonly toolCalls: readonly MessageToolCall[] | null
  readonly toolCallId: string | null
  readonly toolName: string | null
  readonly reasoning: string | null
  readonly finishReason: string | null
  readonly createdAt: number
}

export type TurnStatus = 'queued' | 'running' | 'waiting_for_approval' | 'stopping' | 'completed' | 'incomplete' | 'failed' | 'cancelled' | 'interrupted'

/** Which surface asked; it decides how the turn's events are rendered. */
export type TurnKind = 'chat' | 'response' | 'run' | 'session'

export interface TurnFailure {
  readonly code: string
  readonly message: string
}

/** One message answered once. Public as a "run" under `/v1/runs`. */
export interface Turn {
  readonly id: string
  readonly owner: string
  readonly sessionId: string
  readonly kind: TurnKind
  readonly status: TurnStatus
  readonly model: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly finishedAt: number | null
  /** What the routes need to render it again: stream options, ids of items, the echoed parameters. */
  readonly request: Readonly<Record<string, unknown>>
  readonly output: string | null
  readonly finishReason: string | null
  readonly usage: TokenUsage | null
  readonly error: TurnFailure | null
  readonly lastSeq: number
  /** The process that runs it; only that one may settle it. */
  readonly runner: string
}

export interface NewTurn {
  readonly id: string
  readonly owner: string
  readonly kind: TurnKind
  readonly model: string
  readonly status: 'queued' | 'running'
  readonly request: Readonly<Record<string, unknown>>
  readonly runner: string
}

/** One thing that happened in a turn; `seq` begins at 1 and has no gaps. */
export interface TurnEvent {
  readonly turnId: string
  readonly seq: number
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
  readonly createdAt: number
}

export interface NewSession {
  readonly id: string
  readonly owner: string
  readonly source: string
  readonly userId?: string
  readonly title?: string
  readonly model?: string
  readonly systemPrompt?: string
  readonly parentSessionId?: string
  readonly metadata?: Readonly<Record<string, unknown>>
}

export type ResponseStatus = 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled'

/** One answer of `/v1/responses`: its own items only; what came before is reached by `previousResponseId`. */
export interface StoredResponse {
  readonly id: string
  readonly owner: string
  readonly turnId: string
  readonly sessionId: string
  readonly previousResponseId: string | null
  readonly conversationId: string | null
  readonly status: ResponseStatus
  readonly createdAt: number
  readonly completedAt: number | null
  readonly expiresAt: number | null
  /** The finished envelope without `output`: model, tools, sampling, usage, error, incomplete_details, metadata… */
  readonly envelope: Readonly<Record<string, unknown>>
}

export interface NewResponse {
  readonly id: string
  readonly previousResponseId?: string
  readonly conversationId?: string
  readonly status: 'queued' | 'in_progress'
  readonly expiresAt: number | null
  readonly envelope: Readonly<Record<string, unknown>>
  /** Only the items of this request. */
  readonly input: readonly StoredItem[]
}

/** An item as OpenAI has it (`message`, `function_call`, …), always with an id. */
export interface StoredItem {
  readonly id: string
  readonly type: string
  readonly [field: string]: unknown
}

export interface Conversation {
  readonly id: string
  readonly owner: string
  /** A name the client chose (Hermes' `conversation: "name"`), unique for its owner. */
  readonly name: string | null
  readonly sessionId: string | null
  readonly createdAt: number
  readonly metadata: Readonly<Record<string, string>>
}

export interface ApiKey {
  readonly id: string
  readonly name: string
  readonly scopes: readonly KeyScope[]
  /** A service key may say for which user it acts (`X-Talaria-User`). */
  readonly service: boolean
  readonly createdAt: number
  readonly lastUsedAt: number | null
  readonly revokedAt: number | null
}

export type KeyScope = 'chat' | 'read' | 'admin'

export interface IdempotencyRecord {
  readonly scope: string
  readonly key: string
  readonly fingerprint: string
  /** Proof of who may answer under this key. */
  readonly claim: string
  /** The process that works on the answer. */
  readonly runner: string
  /** Set as soon as a turn was accepted under this key. */
  readonly turnId: string | null
  /** Set when the answer is known; a stream is rendered again from its turn's events. */
  readonly response: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string } | null
  readonly createdAt: number
  readonly expiresAt: number
}

/** A process that runs turns. */
export interface Runner {
  readonly id: string
  readonly host: string
  readonly pid: number
  /** Tells this process from a later one with the same number; `null` where the system cannot say. */
  readonly processStarted: string | null
  readonly startedAt: number
  readonly heartbeatAt: number
}
