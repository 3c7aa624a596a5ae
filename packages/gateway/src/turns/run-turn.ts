import type { Agent, AgentEvent, AgentMessage, AgentRequest } from '@talaria/agent'
import { codeOf, createId, type Clock, type Log } from '@talaria/core'
import type { GatewayStores, Turn } from '@talaria/db'
import { ApiError } from '../api/api-error.ts'
import { agentMessageOf } from './agent-messages.ts'
import type { Approvals } from './approvals.ts'
import type { Journal } from './journal.ts'
import { TurnAborted, type LiveTurn } from './live-turn.ts'
import { settleTurn, type Ending } from './settle-turn.ts'
import { storedEvents } from './stored-events.ts'
import type { StartTurn } from './turns.ts'

/** How much of a session's past is given to the agent. */
const HISTORY_LIMIT = 1_000

/** Between two attempts to settle a turn that the database refused (a full disk, a lock held too long). */
const SETTLE_RETRY_MS = 5_000

export interface RunTurnOptions {
  readonly stores: GatewayStores
  readonly agent: Agent
  readonly runner: string
  readonly clock: Clock
  readonly log: Log
  readonly journal: Journal
  readonly approvals: Approvals
  /** Aborts when the process ends: what is not settled by then is settled at the next start. */
  readonly stopped: AbortSignal
}

/** Runs an accepted turn to its end, and writes that end, which it returns. Holds no lease while the model thinks. Never rejects. */
export async function runTurn(live: LiveTurn, input: StartTurn, options: RunTurnOptions): Promise<Ending> {
  const ending = await drive(live, input, options)
  try {
    await settle(live, input, ending, options)
  } catch (error) {
    options.log.error({ err: error, turn: live.turn.id }, 'a turn could not be settled; trying again until it can')
    live.fail(error)
    await settleUntilDone(live, input, ending, options)
  }
  return ending
}

async function drive(live: LiveTurn, input: StartTurn, options: RunTurnOptions): Promise<Ending> {
  const { signal } = live.controller
  try {
    signal.throwIfAborted()
    if (live.turn.status === 'queued') await options.stores.turns.setStatus(live.turn.id, 'running', ['queued'])
    return await relay(live, await requestOf(live, input, options), options)
  } catch (error) {
    const reason: unknown = signal.reason
    if (signal.aborted && reason instanceof TurnAborted) return { status: reason.status, finishReason: null, error: { code: reason.code, message: reason.message } }
    return unexpected(error, live.turn, options.log)
  }
}

async function relay(live: LiveTurn, request: AgentRequest, { agent, journal, clock }: RunTurnOptions): Promise<Ending> {
  for await (const event of agent.run(request, live.controller.signal)) {
    if (event.type === 'finished') {
      const isCut = event.reason === 'length' || event.reason === 'content_filter'
      return { status: isCut ? 'incomplete' : 'completed', finishReason: event.reason, error: null }
    }
    if (event.type === 'failed') return { status: 'failed', finishReason: null, error: { code: event.code, message: event.message } }
    record(live, event, { journal, clock })
  }
  throw new Error('the agent ended without saying how')
}

function record(live: LiveTurn, event: AgentEvent, { journal, clock }: Pick<RunTurnOptions, 'journal' | 'clock'>): void {
  const recorded = live.append(event, clock.now())
  journal.add(recorded, (error) => {
    if (error === undefined) live.markCommitted(recorded.seq)
  })
}

function unexpected(error: unknown, turn: Turn, log: Log): Ending {
  const id = createId('err')
  log.error({ err: error, turn: turn.id, error_id: id }, 'a turn failed')
  const code = codeOf(error)
  return { status: 'failed', finishReason: null, error: { code: 'server_error', message: code ? `The run failed (${code}, ${id}).` : `The run failed (${id}).` } }
}

async function requestOf({ turn, steering, controller }: LiveTurn, input: StartTurn, { stores, approvals }: RunTurnOptions): Promise<AgentRequest> {
  const history = input.history === 'stored' ? await storedHistory(turn, stores) : input.history
  return {
    turnId: turn.id,
    sessionId: turn.sessionId,
    model: input.model,
    messages: [...history, ...input.messages.map(agentMessageOf)],
    ...input.agent,
    steer: () => (steering.length > 0 ? steering.splice(0).join('\n') : undefined),
    approve: async (request) => {
      await stores.turns.setStatus(turn.id, 'waiting_for_approval', ['running'])
      const choice = await approvals.ask(turn.id, turn.sessionId, request, controller.signal)
      await stores.turns.setStatus(turn.id, 'running', ['waiting_for_approval'])
      return choice
    },
  }
}

async function storedHistory(turn: Turn, stores: GatewayStores): Promise<readonly AgentMessage[]> {
  const messages = await stores.sessions.messages(turn.sessionId, { limit: HISTORY_LIMIT, order: 'latest' })
  const mine = messages.findIndex((message) => message.turnId === turn.id)
  return messages.slice(0, mine === -1 ? undefined : mine).map(agentMessageOf)
}

async function settle(live: LiveTurn, input: StartTurn, ending: Ending, { stores, runner, clock, journal }: RunTurnOptions): Promise<void> {
  const { turn } = live
  // What is not flushed yet is written with the end itself; a flush that is under way must not be overtaken.
  journal.take(turn.id)
  await journal.writeUnderWay()
  const { unwritten } = live
  const events = unwritten.length === live.lastSeq ? unwritten : [...(await storedEvents(stores.turns, turn.id, unwritten[0]?.seq)), ...unwritten]
  const settled = await settleTurn(turn, ending, {
    stores,
    runner,
    events,
    unwritten,
    finishedAt: clock.now(),
    pendingSteer: live.steering.join('\n'),
    ...(input.transcript && { transcript: input.transcript }),
    ...(input.settleResponse && { response: input.settleResponse }),
  })
  // Another gateway took this one for dead and has told the world so; what came after does not count.
  if (!settled) return live.fail(new ApiError('run_lost', `Run ${turn.id} was taken over by another gateway, which settled it as interrupted.`))
  live.finish(settled)
}

async function settleUntilDone(live: LiveTurn, input: StartTurn, ending: Ending, options: RunTurnOptions): Promise<void> {
  while (!options.stopped.aborted) {
    try {
      await options.clock.delay(SETTLE_RETRY_MS, options.stopped)
      await settle(live, input, ending, options)
      return
    } catch {
      // Tried again; what is not settled when the process ends is settled at the next start.
    }
  }
}
