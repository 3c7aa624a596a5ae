import type { AgentMessage, AgentRequest, ApprovalAnswer } from '@talaria/agent'
import type { NewMessage, NewResponse, NewSession, TurnKind } from '@talaria/db'
import type { SettleChat, SettleResponse } from './settle-turn.ts'

/** Everything about a turn that its caller decides. */
export interface StartTurn {
  readonly owner: string
  readonly kind: TurnKind
  readonly model: string
  readonly session: { readonly create: NewSession } | { readonly id: string }
  /** What is new: stored with the turn, and given to the agent after the history. */
  readonly messages: readonly NewMessage[]
  /** What came before: the stored messages of the session, what the client says, or what is found once it is its turn. */
  readonly history: 'stored' | readonly AgentMessage[] | (() => Promise<readonly AgentMessage[]>)
  /** Where to go instead when that session is being answered, or is gone by now. */
  readonly otherwise?: Pick<StartTurn, 'session' | 'messages' | 'history'>
  /**
   * Whether its caller hears nothing before its end. Then the agent begins while the acceptance is being written, and the
   * end of a fast answer shares its commit.
   */
  readonly isToldAtEnd?: boolean
  readonly agent: Pick<AgentRequest, 'instructions' | 'clientTools' | 'toolChoice' | 'sampling'>
  /** The answer to every tool that asks before it runs, where nobody is there to be asked. */
  readonly approval?: ApprovalAnswer
  /** Kept with the turn, so that its answer can be rendered again. */
  readonly request: Readonly<Record<string, unknown>>
  readonly idempotency?: { readonly scope: string; readonly key: string; readonly claim: string }
  /** The conversation as the client sees it, before the answer; remembered so that its next request continues here. */
  readonly transcript?: readonly AgentMessage[]
  readonly response?: NewResponse
  readonly settleResponse?: SettleResponse
  /** Ids of the inbound messages that it answers. */
  readonly inbound?: readonly string[]
  /** Where it came from a chat: what its end means there. */
  readonly settleChat?: SettleChat
}
