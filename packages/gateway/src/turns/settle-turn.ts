import type { AgentMessage } from '@talaria/agent'
import type { GatewayStores, NewOutbound, ResponseStatus, StoredItem, Turn, TurnEvent, TurnFailure } from '@talaria/db'
import type { Settled } from './settled-turn.ts'
import type { TerminalStatus } from './terminal-status.ts'
import { messagesOfEvents, summarize, type TurnSummary } from './messages-of-events.ts'
import { transcriptHash } from './transcript-hash.ts'

/** How a turn ended, before anything of it is written. */
export interface Ending {
  readonly status: TerminalStatus
  readonly finishReason: string | null
  readonly error: TurnFailure | null
}

/** How a turn ended, with all that happened in it. */
export interface Outcome extends Ending {
  readonly events: readonly TurnEvent[]
  readonly finishedAt: number
}

/** What the answer of `/v1/responses` becomes by its turn's end. */
export type SettleResponse = (outcome: Outcome) => {
  readonly status: Extract<ResponseStatus, 'completed' | 'incomplete' | 'failed' | 'cancelled'>
  readonly envelope: Readonly<Record<string, unknown>>
  readonly output: readonly StoredItem[]
}

/** How a turn that came from a chat ended. */
export interface ChatOutcome extends Ending {
  readonly turnId: string
  readonly summary: TurnSummary
  /** Text a person added that no answer has taken up. */
  readonly pendingSteer: string
}

/** What the end of a turn means for its chat. */
export interface ChatEnd {
  /** What is to be said there. */
  readonly outbound: readonly NewOutbound[]
  /** Ids of the messages that are answered by it. */
  readonly inbound: readonly string[]
}

/** Decides what becomes of a turn's chat; written in the same transaction as its end. Called again when that failed. */
export type SettleChat = (outcome: ChatOutcome) => Promise<ChatEnd>

export interface SettleOptions {
  readonly stores: GatewayStores
  readonly runner: string
  /** All events of the turn, in order. */
  readonly events: readonly TurnEvent[]
  /** Those of them that are not on disk yet. */
  readonly unwritten: readonly TurnEvent[]
  readonly finishedAt: number
  /** Whether the session began with this turn. */
  readonly isFirst: boolean
  /** The conversation as the client sees it, before the answer. */
  readonly transcript?: readonly AgentMessage[]
  readonly response?: SettleResponse
  readonly chat?: SettleChat
  /** Text a person added that no answer has taken up. */
  readonly pendingSteer?: string
}

/** Writes how a turn ended, in one transaction. `undefined` when it has ended already or is another runner's by now. */
export async function settleTurn(turn: Turn, ending: Ending, options: SettleOptions): Promise<Settled | undefined> {
  const { events, unwritten, finishedAt } = options
  const summary = summarize(events)
  const terminal = terminalEvent(turn, ending, summary, options)
  const finishReason = ending.finishReason ?? ending.status
  const chat = await options.chat?.({ ...ending, turnId: turn.id, summary, pendingSteer: options.pendingSteer ?? '' })
  const isSettled = await options.stores.turns.settle(turn.id, options.runner, {
    status: ending.status,
    output: summary.text,
    finishReason,
    usage: summary.usage,
    error: ending.error,
    messages: messagesOfEvents(events, finishReason, finishedAt),
    events: [...unwritten, terminal],
    ...transcriptAfter(turn, summary, options),
    ...chat,
    ...(options.response && { response: options.response({ ...ending, events, finishedAt }) }),
  })
  if (!isSettled) return undefined
  return {
    turn: {
      ...turn,
      status: ending.status,
      updatedAt: finishedAt,
      finishedAt,
      output: summary.text,
      finishReason,
      usage: summary.usage,
      error: ending.error,
      lastSeq: terminal.seq,
    },
    summary,
    events,
    terminal,
  }
}

function terminalEvent(turn: Turn, ending: Ending, summary: TurnSummary, { events, finishedAt, pendingSteer }: SettleOptions): TurnEvent {
  return {
    turnId: turn.id,
    seq: (events.at(-1)?.seq ?? 0) + 1,
    type: ending.status,
    data: {
      finishReason: ending.finishReason,
      ...(ending.error && { error: ending.error }),
      ...(summary.usage && { usage: summary.usage }),
      output: summary.text,
      ...(pendingSteer && { pendingSteer }),
    },
    createdAt: finishedAt,
  }
}

/** How the session is found by a client that resends its transcript. */
function transcriptAfter(turn: Turn, summary: TurnSummary, { transcript, isFirst }: SettleOptions): { readonly transcriptHash?: string } {
  if (transcript) return { transcriptHash: transcriptHash([...transcript, answerOf(summary)]) }
  // What a client saw of it before is not all of it any more: by a name that no transcript has, it is not continued from there.
  return isFirst ? {} : { transcriptHash: turn.id }
}

function answerOf(summary: TurnSummary): AgentMessage {
  return { role: 'assistant', content: summary.text, ...(summary.clientCalls.length > 0 && { toolCalls: summary.clientCalls }) }
}
