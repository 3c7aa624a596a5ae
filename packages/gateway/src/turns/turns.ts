import { createId, type Clock, type Log } from '@talaria/core'
import type { Agent } from '@talaria/agent'
import { acceptedTurn, type GatewayStores, type NewTurn, type Turn, type TurnEvent } from '@talaria/db'
import { ApiError } from '../api/api-error.ts'
import { Approvals, type ApprovalChoice } from './approvals.ts'
import { Asides } from './asides.ts'
import { Journal } from './journal.ts'
import { LiveTurn } from './live-turn.ts'
import type { SettledTurn } from './settled-turn.ts'
import { TurnAborted } from './turn-aborted.ts'
import { summarize } from './messages-of-events.ts'
import { runTurn } from './run-turn.ts'
import type { Runner } from './runner.ts'
import { SessionQueue } from './session-queue.ts'
import type { StartTurn } from './start-turn.ts'
import { followStored, storedEvents } from './stored-events.ts'

export interface TurnsOptions {
  readonly stores: GatewayStores
  readonly agent: Agent
  readonly runner: Runner
  readonly clock: Clock
  readonly log: Log
  /** Turns under way at once, queued ones included; 0 is no limit. */
  readonly maxConcurrent: number
  /** Whether the process can take on more work at all (open files). */
  readonly hasRoom: () => boolean
  /** Whether an operator wishes that nothing new begins, wherever it comes from. */
  readonly isPaused?: () => Promise<boolean>
}

/** Runs turns: accepts them on disk, drives the agent, journals what it does, and settles each exactly once. */
export class Turns {
  readonly #options: TurnsOptions
  /** Turns that this process has accepted or is just accepting, until they are settled. */
  readonly #own = new Set<string>()
  readonly #live = new Map<string, LiveTurn>()
  readonly #queue = new SessionQueue()
  readonly #journal: Journal
  readonly #approvals: Approvals
  readonly #running = new Set<Promise<void>>()
  readonly #asides = new Asides()
  readonly #stopped = new AbortController()
  readonly #settledCounts: Record<string, number> = {}
  #isDraining = false
  #shutdown: TurnAborted | undefined

  constructor(options: TurnsOptions) {
    this.#options = options
    this.#approvals = new Approvals(options.clock)
    this.#journal = new Journal({
      append: (events) => options.stores.turns.appendEvents(events, options.runner.id),
      clock: options.clock,
      onError: (error) => options.log.error({ err: error }, 'events of running turns could not be written; trying again until they can, or their turns settle'),
    })
  }

  /** Turns under way, queued ones included. */
  get active(): number {
    return this.#own.size + this.#asides.size
  }

  /** Under which name this process runs its turns. */
  get runnerId(): string {
    return this.#options.runner.id
  }

  get isDraining(): boolean {
    return this.#isDraining
  }

  /** How many ended since the start, by how they ended. */
  get settledCounts(): Readonly<Record<string, number>> {
    return this.#settledCounts
  }

  /**
   * Refuses a new turn while draining or when too many are under way; the same for every route that starts one.
   *
   * @throws ApiError `gateway_draining`, `gateway_overloaded`, `rate_limit_exceeded`.
   */
  admit(): void {
    if (this.#isDraining) throw new ApiError('gateway_draining', 'The gateway is shutting down and takes no new work.', { headers: { 'Retry-After': '5' } })
    if (!this.#options.hasRoom()) {
      throw new ApiError('gateway_overloaded', 'The gateway is close to its limit of open files and takes no new work; see /handles.', {
        // A connection that waits for its client's next try is one of the files there are too many of.
        headers: { 'Retry-After': '5', Connection: 'close' },
      })
    }
    const { maxConcurrent } = this.#options
    if (maxConcurrent > 0 && this.active >= maxConcurrent) {
      throw new ApiError('rate_limit_exceeded', `${maxConcurrent} runs are under way already (API_SERVER_MAX_CONCURRENT_RUNS). Try again shortly.`, {
        headers: { 'Retry-After': '1' },
      })
    }
  }

  /**
   * Writes the turn, and begins it; when this resolves it survives a crash.
   *
   * @throws ApiError `gateway_paused` while an operator has paused all work, `session_not_found` when the session was deleted meanwhile or is somebody else's, and what {@link admit} throws.
   */
  async start(input: StartTurn): Promise<LiveTurn> {
    const { isPaused } = this.#options
    if (isPaused && (await isPaused())) {
      throw new ApiError('gateway_paused', 'An operator has paused all new work; /pause off ends that.', { headers: { 'Retry-After': '30' } })
    }
    // Nothing is awaited between being admitted and being counted.
    this.admit()
    const sessionId = idOf(input.session)
    if (input.otherwise && this.#queue.isBusy(sessionId)) return this.#begin({ ...input, ...input.otherwise })
    try {
      return await this.#begin(input)
    } catch (error) {
      if (input.otherwise && error instanceof ApiError && error.code === 'session_not_found') return this.#begin({ ...input, ...input.otherwise })
      throw error
    }
  }

  /** How a turn ended, waiting for it if need be; from disk when it does not run here any more. */
  async settled(turn: Turn, signal?: AbortSignal): Promise<SettledTurn> {
    const live = this.#live.get(turn.id)
    if (live) return live.settled
    const { turns } = this.#options.stores
    for await (const _ of followStored(turns, turn.id, { after: turn.lastSeq, ...(signal && { signal }) }));
    const [stored, events] = await Promise.all([turns.get(turn.id, { all: true }), storedEvents(turns, turn.id)])
    return { turn: stored ?? turn, summary: summarize(events), events }
  }

  /** The turn if it runs in this process now. */
  live(id: string): LiveTurn | undefined {
    return this.#live.get(id)
  }

  /** Whether a turn is this process's to settle. */
  owns(id: string): boolean {
    return this.#own.has(id)
  }

  /** A turn's events in batches, from memory or disk, until its terminal one. */
  follow(turn: Turn, options: { readonly after: number; readonly durable: boolean; readonly signal?: AbortSignal }): AsyncGenerator<readonly TurnEvent[]> {
    const { turns } = this.#options.stores
    const live = this.#live.get(turn.id)
    if (live) return live.batches(options, (after) => turns.events(turn.id, { after, limit: 500 }))
    return followStored(turns, turn.id, options)
  }

  /** Ends a turn early; false when it does not run here any more. */
  stop(id: string, reason: TurnAborted): boolean {
    const live = this.#live.get(id)
    if (!live || live.isClosed) return false
    live.controller.abort(reason)
    return true
  }

  /** Ends every turn of a session early. */
  stopSession(sessionId: string, reason: TurnAborted): void {
    for (const live of this.#live.values()) if (live.turn.sessionId === sessionId) this.stop(live.turn.id, reason)
  }

  /** Hands text to a running turn; false when it takes none. */
  steer(id: string, text: string): boolean {
    return this.#live.get(id)?.steer(text) ?? false
  }

  /** Answers what running turns asked; how many questions were answered. */
  answerApproval(id: string, choice: ApprovalChoice, which: { readonly id?: string; readonly all?: boolean }): number {
    return this.#approvals.answer(id, choice, which)
  }

  /** Whether a running turn waits for a person's word. */
  isAsking(id: string): boolean {
    return this.#approvals.isAsking(id)
  }

  /**
   * Work of the agent that is no turn and is not stored: admitted and counted like one, and told to end with its client or
   * the process.
   *
   * @throws ApiError as {@link admit} does, and `gateway_draining` when the process ends before it.
   */
  aside<Result>(work: (signal: AbortSignal) => Promise<Result>, gone: AbortSignal): Promise<Result> {
    this.admit()
    return this.#asides.run(work, gone)
  }

  /** No new turns from now on; those under way get `graceMs`, then are settled as interrupted. */
  async drain(graceMs: number): Promise<void> {
    this.#isDraining = true
    const grace = new AbortController()
    await Promise.race([this.#idle(), this.#options.clock.delay(graceMs, grace.signal).catch(() => {})])
    grace.abort(new Error('drained'))
    this.#shutdown = new TurnAborted('interrupted', 'gateway_shutdown', 'The gateway was shut down before this run settled.')
    for (const { controller } of this.#live.values()) controller.abort(this.#shutdown)
    this.#asides.end(new ApiError('gateway_draining', 'The gateway was shut down before this was done.', { headers: { 'Retry-After': '5' } }))
    this.#stopped.abort(new Error('the gateway stops'))
    await this.#idle()
  }

  async #idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
    await this.#asides.ended()
  }

  /** Takes its place behind the other turns of its session at once, so that two that come together know of each other. */
  async #begin(input: StartTurn): Promise<LiveTurn> {
    const { runner, clock } = this.#options
    const sessionId = idOf(input.session)
    const now = clock.now()
    const id = createId('run', now)
    const { owner, kind, model, request } = input
    const turn: NewTurn = { id, owner, kind, model, status: this.#queue.isBusy(sessionId) ? 'queued' : 'running', request, runner: runner.id }
    const live = new LiveTurn(acceptedTurn(turn, sessionId, now))
    if (this.#shutdown) live.controller.abort(this.#shutdown)
    this.#own.add(id)
    this.#live.set(id, live)
    // What is written first is committed first; while the runner is not known, its acceptance has to wait.
    const beginsAtOnce = input.isToldAtEnd === true && runner.isRegistered
    const acceptance = this.#accept(turn, input, now)
    const accepted = this.#heeded(acceptance, live)
    const run = async () => {
      // Turns are accepted in groups: those who asked are told first, then the models begin.
      if (beginsAtOnce || ((await accepted) && (await nextTurnOfTheLoop()))) await this.#run(live, input, accepted)
    }
    const running = this.#queue.run(sessionId, run, live.controller.signal).finally(() => {
      this.#running.delete(running)
      this.#own.delete(id)
      // One commit may tell its caller of its acceptance and of its end; the caller then looks for it here.
      setImmediate(() => this.#live.delete(id))
    })
    this.#running.add(running)
    if (await acceptance) return live
    throw new ApiError('session_not_found', `Session '${sessionId}' not found.`, { param: 'session_id' })
  }

  /** Whether there is such a session. */
  async #accept(turn: NewTurn, input: StartTurn, acceptedAt: number): Promise<boolean> {
    const { stores, runner } = this.#options
    // A turn whose runner nobody knows would be settled by nobody, should this process die.
    if (!runner.isRegistered) await runner.register()
    const accepted = await stores.turns.accept({
      turn,
      acceptedAt,
      session: input.session,
      messages: input.messages,
      ...(input.response && { response: input.response }),
      ...(input.inbound && { inbound: input.inbound }),
      ...(input.idempotency && { idempotency: input.idempotency }),
    })
    return accepted !== undefined
  }

  /** Ends a turn that was begun and not accepted: it never was. */
  async #heeded(acceptance: Promise<boolean>, live: LiveTurn): Promise<boolean> {
    const isAccepted = await acceptance.catch(() => false)
    if (!isAccepted) live.controller.abort(new TurnAborted('cancelled', 'not_accepted', 'The run could not be accepted.'))
    return isAccepted
  }

  async #run(live: LiveTurn, input: StartTurn, accepted: Promise<boolean>): Promise<void> {
    const { stores, agent, runner, clock, log } = this.#options
    const { status } = await runTurn(live, input, {
      stores,
      agent,
      runner: runner.id,
      clock,
      log,
      journal: this.#journal,
      approvals: this.#approvals,
      accepted,
      stopped: this.#stopped.signal,
    })
    if (await accepted) this.#settledCounts[status] = (this.#settledCounts[status] ?? 0) + 1
  }
}

const nextTurnOfTheLoop = () => new Promise<true>((resolve) => setImmediate(resolve, true))

function idOf(session: StartTurn['session']): string {
  return 'create' in session ? session.create.id : session.id
}
