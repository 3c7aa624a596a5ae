import type { Agent, AgentEvent, AgentMessage, AgentRequest, FinishReason } from '@talaria/agent'
import { codeOf, createId, messageOf, type Clock, type Log } from '@talaria/core'
import type { GatewayStores, NewMessage, NewResponse, NewSession, StoredItem, Turn, TurnEvent, TurnKind } from '@talaria/db'
import { ApiError } from '../api/api-error.ts'
import { agentMessageOf } from './agent-messages.ts'
import { Approvals } from './approvals.ts'
import { Journal } from './journal.ts'
import { LiveTurn, TurnAborted, type SettledTurn, type TerminalStatus } from './live-turn.ts'
import { messagesOfEvents, summarize } from './messages-of-events.ts'
import { SessionQueue } from './session-queue.ts'
import { transcriptHash } from './transcript-hash.ts'

/** How much of a session's past is given to the agent. */
const HISTORY_LIMIT = 1_000

/** Between two attempts to settle a turn that the database refused (a full disk, a lock held too long). */
const SETTLE_RETRY_MS = 5_000

/** Everything about a turn that its caller decides. */
export interface StartTurn {
  readonly owner: string
  readonly kind: TurnKind
  readonly model: string
  readonly session: { readonly create: NewSession } | { readonly id: string }
  /** What is new: stored with the turn, and given to the agent after the history. */
  readonly messages: readonly NewMessage[]
  /** What came before: the stored messages of the session, or what the client says. */
  readonly history: 'stored' | readonly AgentMessage[]
  readonly agent: Pick<AgentRequest, 'instructions' | 'clientTools' | 'toolChoice' | 'sampling'>
  /** Kept with the turn, so that its answer can be rendered again. */
  readonly request: Readonly<Record<string, unknown>>
  readonly idempotency?: { readonly scope: string; readonly key: string }
  /** The conversation as the client sees it, before the answer; remembered so that its next request continues here. */
  readonly transcript?: readonly AgentMessage[]
  readonly response?: NewResponse
  readonly settleResponse?: (outcome: Outcome) => { status: 'completed' | 'incomplete' | 'failed' | 'cancelled'; envelope: Record<string, unknown>; output: readonly StoredItem[] }
}

/** How a turn ended: what is written, and what the terminal event says. */
export interface Outcome {
  readonly status: TerminalStatus
  readonly finishReason: FinishReason | null
  readonly error: { readonly code: string; readonly message: string } | null
  readonly events: readonly TurnEvent[]
  readonly finishedAt: number
}

export interface TurnsOptions {
  readonly stores: GatewayStores
  readonly agent: Agent
  readonly clock: Clock
  readonly log: Log
  /** Turns under way at once, queued ones included; 0 is no limit. */
  readonly maxConcurrent: number
}

/** Runs turns: accepts them on disk, drives the agent, journals what it does, and settles each exactly once. */
export class Turns {
  readonly #options: TurnsOptions
  readonly #live = new Map<string, LiveTurn>()
  readonly #queue = new SessionQueue()
  readonly #journal: Journal
  readonly #approvals: Approvals
  readonly #running = new Set<Promise<void>>()
  readonly #stopped = new AbortController()
  #draining = false

  constructor(options: TurnsOptions) {
    this.#options = options
    this.#approvals = new Approvals(options.clock)
    this.#journal = new Journal({
      append: (events) => options.stores.turns.appendEvents(events),
      clock: options.clock,
      onError: (error) => options.log.error({ err: error }, 'events of running turns could not be written; they are kept until the turn settles'),
    })
  }

  get active(): number {
    return this.#live.size
  }

  get draining(): boolean {
    return this.#draining
  }

  /**
   * Refuses a new turn while draining or when too many are under way; the same for every route that starts one.
   *
   * @throws ApiError `gateway_draining`, `rate_limit_exceeded`.
   */
  admit(): void {
    if (this.#draining) throw new ApiError('gateway_draining', 'The gateway is shutting down and takes no new work.', { headers: { 'Retry-After': '5' } })
    const { maxConcurrent } = this.#options
    if (maxConcurrent > 0 && this.#live.size >= maxConcurrent) {
      throw new ApiError('rate_limit_exceeded', `${maxConcurrent} runs are under way already (API_SERVER_MAX_CONCURRENT_RUNS). Try again shortly.`, {
        headers: { 'Retry-After': '1' },
      })
    }
  }

  /** Writes the turn, and begins it; when this resolves it survives a crash. */
  async start(input: StartTurn): Promise<LiveTurn> {
    this.admit()
    const sessionId = 'create' in input.session ? input.session.create.id : input.session.id
    const id = createId('run', this.#options.clock.now())
    const turn = await this.#options.stores.turns.accept({
      turn: {
        id,
        owner: input.owner,
        kind: input.kind,
        model: input.model,
        status: this.#queue.isBusy(sessionId) ? 'queued' : 'running',
        request: input.request,
      },
      session: input.session,
      messages: input.messages,
      ...(input.response && { response: input.response }),
      ...(input.idempotency && { idempotency: input.idempotency }),
    })
    const live = new LiveTurn(turn)
    this.#live.set(id, live)
    const running = this.#queue.run(sessionId, () => this.#run(live, input)).finally(() => this.#running.delete(running))
    this.#running.add(running)
    return live
  }

  /** Whether a turn of this session runs or waits. */
  isBusy(sessionId: string): boolean {
    return this.#queue.isBusy(sessionId)
  }

  /** How a turn ended, waiting for it if need be; from disk when it does not run here any more. */
  async settled(turn: Turn): Promise<SettledTurn> {
    const live = this.#live.get(turn.id)
    if (live) return live.settled
    const [stored, events] = await Promise.all([this.#options.stores.turns.get(turn.id, { all: true }), this.#allEvents(turn.id, [])])
    return { turn: stored ?? turn, summary: summarize(events), events }
  }

  /** The turn if it runs in this process now. */
  live(id: string): LiveTurn | undefined {
    return this.#live.get(id)
  }

  /** A turn's events in batches, from memory or disk, until its terminal one. */
  async *follow(turn: Turn, options: { readonly after: number; readonly durable: boolean; readonly signal?: AbortSignal }): AsyncGenerator<readonly TurnEvent[]> {
    const stored = (after: number) => this.#options.stores.turns.events(turn.id, { after, limit: 500 })
    const live = this.#live.get(turn.id)
    if (live) {
      yield* live.batches(options, stored)
      return
    }
    for (let cursor = options.after; ; ) {
      const batch = await stored(cursor)
      if (batch.length === 0) return
      yield batch
      cursor = batch.at(-1)!.seq
    }
  }

  /** Ends a turn early; false when it does not run any more. */
  stop(id: string, reason: TurnAborted): boolean {
    const live = this.#live.get(id)
    if (!live) return false
    live.controller.abort(reason)
    return true
  }

  /** Hands text to a running turn; false when it takes none. */
  steer(id: string, text: string): boolean {
    const live = this.#live.get(id)
    if (!live || live.controller.signal.aborted) return false
    live.steering.push(text)
    return true
  }

  /** Answers what running turns asked; how many questions were answered. */
  answerApproval(id: string, choice: 'once' | 'session' | 'deny', which: { readonly id?: string; readonly all?: boolean }): number {
    return this.#approvals.answer(id, choice, which)
  }

  /** No new turns from now on; those under way get `graceMs`, then are settled as interrupted. */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true
    const grace = new AbortController()
    await Promise.race([Promise.allSettled(this.#running), this.#options.clock.delay(graceMs, grace.signal).catch(() => {})])
    grace.abort()
    for (const live of this.#live.values()) live.controller.abort(new TurnAborted('interrupted', 'gateway_shutdown', 'The gateway was shut down before this run settled.'))
    this.#stopped.abort(new Error('the gateway stops'))
    await Promise.allSettled(this.#running)
  }

  async #run(live: LiveTurn, input: StartTurn): Promise<void> {
    const { turn } = live
    const { stores } = this.#options
    let ending: Pick<Outcome, 'status' | 'finishReason' | 'error'>
    try {
      live.controller.signal.throwIfAborted()
      if (turn.status === 'queued') await stores.turns.setStatus(turn.id, 'running', ['queued'])
      ending = await this.#drive(live, await this.#requestOf(live, input))
    } catch (error) {
      ending = this.#endingOf(error, live)
    }
    try {
      await this.#settle(live, input, ending)
    } catch (error) {
      this.#options.log.error({ err: error, turn: turn.id }, 'a turn could not be settled; trying again until it can')
      live.fail(error)
      live.rejectSettled(error)
      await this.#settleUntilDone(live, input, ending)
    } finally {
      this.#live.delete(turn.id)
    }
  }

  async #requestOf(live: LiveTurn, input: StartTurn): Promise<AgentRequest> {
    const { turn, steering, controller } = live
    const history = input.history === 'stored' ? await this.#storedHistory(turn) : input.history
    return {
      turnId: turn.id,
      sessionId: turn.sessionId,
      model: input.model,
      messages: [...history, ...input.messages.map(agentMessageOf)],
      ...input.agent,
      steer: () => (steering.length > 0 ? steering.splice(0).join('\n') : undefined),
      approve: async (request) => {
        await this.#options.stores.turns.setStatus(turn.id, 'waiting_for_approval', ['running'])
        const choice = await this.#approvals.ask(turn.id, turn.sessionId, request, controller.signal)
        await this.#options.stores.turns.setStatus(turn.id, 'running', ['waiting_for_approval'])
        return choice
      },
    }
  }

  async #storedHistory(turn: Turn): Promise<readonly AgentMessage[]> {
    const messages = await this.#options.stores.sessions.messages(turn.sessionId, { limit: HISTORY_LIMIT, order: 'latest' })
    const mine = messages.findIndex((message) => message.turnId === turn.id)
    return messages.slice(0, mine === -1 ? undefined : mine).map(agentMessageOf)
  }

  async #drive(live: LiveTurn, request: AgentRequest): Promise<Pick<Outcome, 'status' | 'finishReason' | 'error'>> {
    const { clock } = this.#options
    for await (const event of this.#options.agent.run(request, live.controller.signal)) {
      if (event.type === 'finished') {
        const cut = event.reason === 'length' || event.reason === 'content_filter'
        return { status: cut ? 'incomplete' : 'completed', finishReason: event.reason, error: null }
      }
      if (event.type === 'failed') return { status: 'failed', finishReason: null, error: { code: event.code, message: event.message } }
      this.#record(live, event, clock.now())
    }
    throw new Error('the agent ended without saying how')
  }

  #record(live: LiveTurn, event: AgentEvent, now: number): void {
    const recorded = live.append(event, now)
    this.#journal.add(recorded, (error) => {
      if (error === undefined) live.markCommitted(recorded.seq)
    })
  }

  #endingOf(error: unknown, live: LiveTurn): Pick<Outcome, 'status' | 'finishReason' | 'error'> {
    const reason: unknown = live.controller.signal.reason
    if (live.controller.signal.aborted && reason instanceof TurnAborted) {
      return { status: reason.status, finishReason: null, error: { code: reason.code, message: reason.message } }
    }
    const id = createId('err')
    this.#options.log.error({ err: error, turn: live.turn.id, error_id: id }, 'a turn failed')
    const code = codeOf(error)
    return { status: 'failed', finishReason: null, error: { code: 'server_error', message: code ? `The run failed (${code}, ${id}).` : `The run failed (${id}).` } }
  }

  async #settle(live: LiveTurn, input: StartTurn, ending: Pick<Outcome, 'status' | 'finishReason' | 'error'>): Promise<void> {
    const { stores, clock } = this.#options
    const { turn } = live
    this.#journal.take(turn.id)
    await this.#journal.writeUnderWay()
    const unwritten = live.unwritten
    const events = unwritten.length === live.lastSeq ? unwritten : await this.#allEvents(turn.id, unwritten)
    const finishedAt = clock.now()
    const outcome: Outcome = { ...ending, events, finishedAt }
    const summary = summarize(events)
    const pendingSteer = live.steering.join('\n')
    const terminal: TurnEvent = {
      turnId: turn.id,
      seq: live.lastSeq + 1,
      type: ending.status,
      data: {
        finishReason: ending.finishReason,
        ...(ending.error && { error: ending.error }),
        ...(summary.usage && { usage: summary.usage }),
        output: summary.text,
        ...(pendingSteer !== '' && { pendingSteer }),
      },
      createdAt: finishedAt,
    }
    const finishReason = ending.finishReason ?? ending.status
    const settled = await stores.turns.settle(turn.id, {
      status: ending.status,
      output: summary.text,
      finishReason,
      usage: summary.usage,
      error: ending.error,
      messages: messagesOfEvents(events, finishReason, finishedAt),
      events: [...unwritten, terminal],
      ...(input.transcript && { transcriptHash: transcriptHash([...input.transcript, answerOf(summary)]) }),
      ...(input.settleResponse && { response: input.settleResponse(outcome) }),
    })
    if (!settled) throw new Error(`turn ${turn.id} was settled by somebody else`)
    live.finish(terminal)
    live.resolveSettled({
      turn: { ...turn, status: ending.status, updatedAt: finishedAt, finishedAt, output: summary.text, finishReason, usage: summary.usage, error: ending.error, lastSeq: terminal.seq },
      summary,
      events,
    })
  }

  async #allEvents(turnId: string, unwritten: readonly TurnEvent[]): Promise<readonly TurnEvent[]> {
    const written: TurnEvent[] = []
    const until = unwritten[0]?.seq ?? Number.POSITIVE_INFINITY
    for (let after = 0; ; ) {
      const batch = await this.#options.stores.turns.events(turnId, { after, limit: 1_000 })
      written.push(...batch.filter((event) => event.seq < until))
      if (batch.length === 0 || batch.at(-1)!.seq >= until) return [...written, ...unwritten]
      after = batch.at(-1)!.seq
    }
  }

  async #settleUntilDone(live: LiveTurn, input: StartTurn, ending: Pick<Outcome, 'status' | 'finishReason' | 'error'>): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      try {
        await this.#options.clock.delay(SETTLE_RETRY_MS, this.#stopped.signal)
        await this.#settle(live, input, ending)
        return
      } catch {
        // Tried again; what is not settled when the process ends is settled at the next start.
      }
    }
  }
}

function answerOf(summary: ReturnType<typeof summarize>): AgentMessage {
  return { role: 'assistant', content: summary.text, ...(summary.clientCalls.length > 0 && { toolCalls: summary.clientCalls }) }
}
