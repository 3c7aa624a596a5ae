import type { AgentSettingsInput } from '@talaria/agent'
import { codeOf, messageOf, startLoop, type Clock, type Env, type Log } from '@talaria/core'
import type { RunWish, Spend } from '@talaria/db'
import type { HeartbeatAnswer, RunAnswer } from '../workers/worker-protocol.ts'
import { PauseGate } from './pause-gate.ts'
import { Steering } from './steering.ts'
import { Transcript } from './transcript.ts'
import { ALREADY_SAID, type Work, type WorkerEnd } from './work.ts'
import { WorkerClient } from './worker-client.ts'
import { WorkerError } from './worker-error.ts'

/** From SIGTERM to the last word: a command may take 5 s to end, and a dispatcher kills a worker 10 s after it has asked. */
const LAST_WORDS_MS = 8_000

/** Between two looks at checks that others run. */
const PENDING_MS = 30_000

export interface RunWorkerOptions {
  readonly socket: string
  readonly token: string
  /** The worker's own number, told to the dispatcher. */
  readonly pid: number
  /** What commands see of it; not the worker's token. */
  readonly env: Env
  readonly agent: AgentSettingsInput
  /** Aborts when the process is to end. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Log
}

/** How a worker's life ended: it said how the work did, somebody else has the task, or nobody could be told. */
export type WorkerOutcome = 'said' | 'lost' | 'unheard'

/**
 * A worker's life: it asks what is to be done, does it, keeps its claim while it does, and says once how it ended. It goes
 * on while no dispatcher is there, and tells the next one.
 */
export async function runWorker(options: RunWorkerOptions): Promise<WorkerOutcome> {
  const { socket, token, pid, signal, clock, log } = options
  using client = new WorkerClient({ socket, token, clock, log })
  try {
    const run = await client.run(pid, signal)
    return await new WorkerLife(run, client, options).live()
  } catch (error) {
    if (codeOf(error) === 'CLAIM_LOST') return 'lost'
    if (codeOf(error) === 'UNREACHABLE' || signal.aborted) return 'unheard'
    throw error
  }
}

class WorkerLife {
  readonly #run: RunAnswer
  readonly #client: WorkerClient
  readonly #options: RunWorkerOptions
  readonly #stop = new AbortController()
  readonly #transcript: Transcript
  readonly #gate = new PauseGate()
  readonly #steering = new Steering()
  readonly #over = new AbortController()
  readonly #late = new AbortController()
  /** While nobody hurries there is time for ever; once the process is to end there are seconds. */
  readonly #inTime: AbortSignal
  #spend: Spend | undefined
  /** Why the board wants an end, once it does. */
  #stopReason: string | undefined

  constructor(run: RunAnswer, client: WorkerClient, options: RunWorkerOptions) {
    this.#run = run
    this.#client = client
    this.#options = options
    this.#inTime = AbortSignal.any([client.lost, this.#late.signal])
    this.#transcript = new Transcript({ client, clock: options.clock, log: options.log })
  }

  async live(): Promise<WorkerOutcome> {
    const { signal, clock, log } = this.#options
    const { lost } = this.#client
    const onLost = () => this.#stop.abort(lost.reason)
    const onSignal = () => {
      this.#stop.abort(new WorkerError('STOPPED', 'The worker was told to end.'))
      void this.#runOutOfTime()
    }
    lost.addEventListener('abort', onLost, { once: true })
    signal.addEventListener('abort', onSignal, { once: true })
    if (signal.aborted) onSignal()
    const beat = startLoop({
      name: 'heartbeat',
      everyMs: Math.max(1, Math.floor(this.#run.leaseMs / 3)),
      clock,
      log,
      step: async (ending) => this.#heed(await this.#beat(AbortSignal.any([ending, lost]))),
    })
    const listening = this.#listen(this.#over.signal)
    try {
      await this.#work().catch((error: unknown) => this.#giveUp(error))
      return 'said'
    } finally {
      this.#over.abort(new WorkerError('STOPPED', 'the work is over'))
      lost.removeEventListener('abort', onLost)
      signal.removeEventListener('abort', onSignal)
      await Promise.all([beat[Symbol.asyncDispose](), listening])
    }
  }

  async #runOutOfTime(): Promise<void> {
    await this.#options.clock.delay(LAST_WORDS_MS, this.#over.signal).catch(() => {})
    this.#late.abort(new WorkerError('UNREACHABLE', 'There was no time to say how it ended.'))
  }

  async #work(): Promise<void> {
    const { clock, log } = this.#options
    const work = await this.#kindOfWork()
    const end = await work({
      run: this.#run,
      client: this.#client,
      transcript: this.#transcript,
      steering: this.#steering,
      gate: this.#gate,
      spent: (total) => void (this.#spend = total),
      settle: (signal) => this.#settle(signal),
      say: (one) => this.#say(one),
      signal: this.#stop.signal,
      clock,
      log,
    })
    const refusal = end === ALREADY_SAID ? undefined : await this.#say(end)
    if (refusal !== undefined) await this.#say({ as: 'fail', body: { class: 'task', code: 'end_refused', message: refusal.slice(0, 4_000) } })
  }

  /** The work was stopped, or broke. */
  async #giveUp(error: unknown): Promise<void> {
    const { lost } = this.#client
    if (lost.aborted) throw lost.reason
    if (this.#stop.signal.aborted) return void (await this.#say(await this.#endOfStop()))
    this.#options.log.error({ err: error }, 'the work failed inside the worker')
    await this.#say({ as: 'fail', body: { class: 'crash', code: codeOf(error) ?? 'worker_failed', message: messageOf(error).slice(0, 4_000) } })
  }

  /** The board's wish if there is one, else this machine's: then it is tried again elsewhere or later. */
  async #endOfStop(): Promise<WorkerEnd> {
    if (this.#stopReason === undefined) {
      await this.#beat(this.#inTime).then(
        (answer) => this.#heed(answer),
        () => {},
      )
    }
    if (this.#stopReason !== undefined)
      return { as: 'block', body: { kind: 'needs_input', reason: `Stopped: ${this.#stopReason || 'somebody wanted it to end.'}` } }
    return { as: 'fail', body: { class: 'infrastructure', code: 'terminated', message: 'The worker was told to end by the machine it runs on.' } }
  }

  async #settle(signal: AbortSignal): Promise<void> {
    await this.#transcript.flush(signal)
    if (this.#spend) await this.#beat(signal)
  }

  /** Everything that was said before, then the end, until it is heard; what it lacks when it is refused. */
  async #say(end: WorkerEnd): Promise<string | undefined> {
    const { clock, log } = this.#options
    await this.#transcript.flush(this.#inTime)
    for (;;) {
      try {
        await this.#client.end(this.#withSpend(end), this.#inTime)
        return undefined
      } catch (error) {
        if (!(error instanceof WorkerError) || error.code !== 'REFUSED') throw error
        log.warn({ err: error, end: end.as }, 'an end was refused')
        if (error.details['code'] !== 'CHECK_PENDING') return error.message
      }
      // Somebody else's checks have not come to an answer yet.
      await clock.delay(PENDING_MS, this.#stop.signal)
    }
  }

  #withSpend(end: WorkerEnd): WorkerEnd {
    return this.#spend ? ({ ...end, body: { ...end.body, spend: this.#spend } } as WorkerEnd) : end
  }

  #beat(signal: AbortSignal): Promise<HeartbeatAnswer> {
    return this.#client.heartbeat(this.#spend ? { spend: this.#spend } : {}, signal)
  }

  async #listen(signal: AbortSignal): Promise<void> {
    try {
      for await (const event of this.#client.wishes(signal)) {
        if (event.type === 'wish') this.#heed(event)
        else if (event.type !== 'fenced') this.#steering.add(event.author, event.text)
      }
    } catch (error) {
      if (!signal.aborted) this.#options.log.warn({ err: error }, 'wishes are not heard any more; heartbeats still tell of them')
    }
  }

  #heed({ wish, reason }: { readonly wish: RunWish | null; readonly reason: string | null }): void {
    if (wish === 'pause') this.#gate.pause()
    if (wish === 'resume') this.#gate.resume()
    if (wish !== 'stop' || this.#stopReason !== undefined) return
    this.#stopReason = reason ?? ''
    this.#stop.abort(new WorkerError('STOPPED', `The work is to end: ${this.#stopReason}`))
  }

  /** Loads only what this kind of work needs: of a hundred workers each is a process. */
  async #kindOfWork(): Promise<Work> {
    const { agent, env } = this.#options
    switch (this.#run.worker.executor) {
      case 'command':
        return (await import('./command-work.ts')).commandWork(env)
      case 'http':
        return (await import('./http-work.ts')).httpWork
      case 'agent':
        return (await import('./agent-work.ts')).agentWork(agent)
    }
  }
}
