import type { Agent, AgentEvent, AgentMessage, AgentRequest } from '@talaria/agent'
import { codeOf, createId, type Clock, type Log } from '@talaria/core'
import type { GatewayStores, Turn } from '@talaria/db'
import { ApiError } from '../api/api-error.ts'
import { agentMessageOf } from './agent-messages.ts'
import type { Approvals } from './approvals.ts'
import type { Journal } from './journal.ts'
import type { LiveTurn } from './live-turn.ts'
import { TurnAborted } from './turn-aborted.ts'
import { noteStatus } from './note-status.ts'
import { settleTurn, type Ending } from './settle-turn.ts'
import { storedEvents } from './stored-events.ts'
import { storedHistory } from './stored-history.ts'
import type { StartTurn } from './start-turn.ts'

/** Between two attempts to settle a turn that the database refused (a full disk, a lock held too long). */
const SETTLE_RETRY_MS = 5_000

/** An agent that was told to end gets so long to stop what it has going; a turn does not wait for ever for one that does not hear. */
const ABORT_PATIENCE_MS = 2_000

/** Without a reason of our own, aborting makes an error with a stack for each turn. */
const OVER = 'the turn is over'

export interface RunTurnOptions {
  readonly stores: GatewayStores
  readonly agent: Agent
  readonly runner: string
  readonly clock: Clock
  readonly log: Log
  readonly journal: Journal
  readonly approvals: Approvals
  /** Whether its acceptance is on disk, once that is known; never rejects. Until then nothing but the model may hear of the turn. */
  readonly accepted: Promise<boolean>
  /** Aborts when the process ends: what is not settled by then is settled at the next start. */
  readonly stopped: AbortSignal
}

/** Runs an accepted turn to its end, and writes that end, which it returns. Holds no lease while the model thinks. Never rejects. */
export async function runTurn(live: LiveTurn, input: StartTurn, options: RunTurnOptions): Promise<Ending> {
  live.isWaiting = false
  const ending = await drive(live, input, options)
  live.close()
  try {
    await settle(live, input, ending, options)
  } catch (error) {
    if (!(await options.accepted)) return ending
    options.log.error({ err: error, turn: live.turn.id }, 'a turn could not be settled; trying again until it can')
    live.fail(error)
    await settleUntilDone(live, input, ending, options)
  }
  return ending
}

async function drive(live: LiveTurn, input: StartTurn, options: RunTurnOptions): Promise<Ending> {
  const { signal } = live.controller
  const over = new AbortController()
  try {
    signal.throwIfAborted()
    if (live.turn.status === 'queued') await noteStatus(live.turn, 'running', { turns: options.stores.turns, log: options.log, from: ['queued'] })
    return await Promise.race([relay(live, input, options), patienceOver(signal, options.clock, over.signal)])
  } catch (error) {
    return abortedEnding(signal) ?? unexpected(error, live.turn, options.log)
  } finally {
    over.abort(OVER)
  }
}

/** Rejects some time after `signal` has aborted. */
function patienceOver(signal: AbortSignal, clock: Clock, over: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = () =>
      void clock.delay(ABORT_PATIENCE_MS, over).then(
        () => reject(signal.reason as Error),
        () => {},
      )
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}

async function relay(live: LiveTurn, input: StartTurn, options: RunTurnOptions): Promise<Ending> {
  const { signal } = live.controller
  for await (const event of options.agent.run(await requestOf(live, input, options), signal)) {
    // The turn has ended without this agent, which did not hear; leaving ends it, should it ever come so far.
    if (live.isClosed) break
    if (event.type === 'finished') {
      const isCut = event.reason === 'length' || event.reason === 'content_filter'
      return { status: isCut ? 'incomplete' : 'completed', finishReason: event.reason, error: null }
    }
    if (event.type === 'failed') return abortedEnding(signal) ?? { status: 'failed', finishReason: null, error: { code: event.code, message: event.message } }
    record(live, event, options)
    // It runs tools when it is asked for more.
    if (event.type === 'tool.started') await untilAccepted(options, signal)
  }
  throw new Error('the agent ended without saying how')
}

async function untilAccepted({ accepted }: RunTurnOptions, signal: AbortSignal): Promise<void> {
  await accepted
  signal.throwIfAborted()
}

function record(live: LiveTurn, event: AgentEvent, { journal, clock }: Pick<RunTurnOptions, 'journal' | 'clock'>): void {
  const recorded = live.append(event, clock.now())
  journal.add(recorded, () => live.markCommitted(recorded.seq))
}

function abortedEnding(signal: AbortSignal): Ending | undefined {
  const reason: unknown = signal.aborted && signal.reason
  return reason instanceof TurnAborted ? { status: reason.status, finishReason: null, error: { code: reason.code, message: reason.message } } : undefined
}

function unexpected(error: unknown, turn: Turn, log: Log): Ending {
  const id = createId('err')
  log.error({ err: error, turn: turn.id, error_id: id }, 'a turn failed')
  const code = codeOf(error)
  return {
    status: 'failed',
    finishReason: null,
    error: { code: 'server_error', message: code ? `The run failed (${code}, ${id}).` : `The run failed (${id}).` },
  }
}

async function requestOf(live: LiveTurn, input: StartTurn, options: RunTurnOptions): Promise<AgentRequest> {
  const { turn, controller } = live
  const { approvals, stores, log } = options
  return {
    turnId: turn.id,
    sessionId: turn.sessionId,
    model: input.model,
    messages: [...(await historyOf(live, input, options)), ...input.messages.map(agentMessageOf)],
    ...input.agent,
    steer: () => live.takeSteering(),
    approve: async (request) => {
      if (input.approval !== undefined) return input.approval
      await noteStatus(turn, 'waiting_for_approval', { turns: stores.turns, log, from: ['running'] })
      const choice = await approvals.ask(turn.id, turn.sessionId, request, controller.signal)
      await noteStatus(turn, 'running', { turns: stores.turns, log, from: ['waiting_for_approval'] })
      return choice
    },
  }
}

async function historyOf({ turn, controller }: LiveTurn, { history }: StartTurn, options: RunTurnOptions): Promise<readonly AgentMessage[]> {
  if (typeof history === 'object') return history
  // Its own place in the session is where what came before ends.
  await untilAccepted(options, controller.signal)
  return history === 'stored' ? storedHistory(options.stores.sessions, turn) : history()
}

async function settle(live: LiveTurn, input: StartTurn, ending: Ending, { stores, runner, clock, journal }: RunTurnOptions): Promise<void> {
  const { turn } = live
  await journal.release(turn.id)
  const { unwritten, held } = live
  const events = held.length === live.lastSeq ? held : [...(await storedEvents(stores.turns, turn.id, held[0]?.seq)), ...held]
  const settled = await settleTurn(turn, ending, {
    stores,
    runner,
    events,
    unwritten,
    finishedAt: clock.now(),
    pendingSteer: live.pendingSteer,
    isFirst: 'create' in input.session,
    ...(input.transcript && { transcript: input.transcript }),
    ...(input.settleResponse && { response: input.settleResponse }),
    ...(input.settleChat && { chat: input.settleChat }),
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
