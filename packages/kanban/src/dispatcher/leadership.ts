import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { startLoop, type Clock, type Log, type Loop } from '@talaria/core'
import { ListenError, startHttpServer, type HttpServerOptions } from '@talaria/core/http'

/** How often a dispatcher that does not lead asks for the lead: workers notice a change as a short silence. */
const TRY_EVERY_MS = 500

/** Between taking the port and answering at the socket another one must not take us for a stranger. */
const STRANGER_TRIES = 6

export interface LeadershipOptions {
  readonly host: string
  readonly port: number
  readonly fetch: HttpServerOptions['fetch']
  readonly socket: string
  readonly workerFetch: HttpServerOptions['fetch']
  readonly graceMs: number
  readonly onDraining: () => void
  /** Called when the lead came from another dispatcher, which is gone. */
  readonly onSucceeded: () => void
  readonly clock: Clock
  readonly log: Log
}

/**
 * One dispatcher of a home answers at `KANBAN_PORT` and at the workers' socket. Having the port is having the lead: the
 * system gives it to one process and takes it back when that dies. The others claim and spawn as well, and one of them
 * takes over within a second.
 */
export class Leadership implements AsyncDisposable {
  readonly #options: LeadershipOptions
  #held: AsyncDisposableStack | undefined
  #url: string | undefined
  #loop: Loop | undefined
  #isEnded = false
  /** Why the port could not be had when it was last asked for. */
  #stranger: ListenError | undefined

  constructor(options: LeadershipOptions) {
    this.#options = options
  }

  /** Where it answers, while it leads. */
  get url(): string | undefined {
    return this.#url
  }

  /**
   * Takes the lead, or finds that another dispatcher of this home has it.
   *
   * @throws ListenError when neither is so: the port belongs to a stranger, or may not be opened
   */
  async start(): Promise<void> {
    const { clock, log } = this.#options
    for (let tries = 1; !(await this.#take()); tries += 1) {
      if (await this.#isLed()) {
        log.info('another dispatcher of this home answers for it; this one shares the work, and takes over when that ends')
        this.#loop = startLoop({ name: 'leadership', everyMs: TRY_EVERY_MS, firstAfterMs: TRY_EVERY_MS, clock, log, step: () => this.#retry() })
        return
      }
      if (tries === STRANGER_TRIES) throw this.#stranger!
      await clock.delay(TRY_EVERY_MS / 2)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true
    await this.#loop?.[Symbol.asyncDispose]()
    await this.#held?.disposeAsync()
    this.#url = undefined
  }

  async #retry(): Promise<void> {
    if (this.#held || this.#isEnded) return
    if (!(await this.#take())) return
    const { log, onSucceeded } = this.#options
    log.info({ url: this.#url }, 'the dispatcher that answered for this home is gone; this one does now')
    onSucceeded()
  }

  async #take(): Promise<boolean> {
    const { host, port, fetch, socket, workerFetch, graceMs, onDraining, clock, log } = this.#options
    await using held = new AsyncDisposableStack()
    try {
      const server = held.use(
        await startHttpServer({ fetch, host, port, settings: { host: 'KANBAN_HOST', port: 'KANBAN_PORT' }, graceMs, onDraining, clock, log }),
      )
      // Whoever made this file had the port, which is ours now: nobody listens there.
      rmSync(socket, { force: true })
      held.use(await startHttpServer({ fetch: workerFetch, socket, graceMs: 1_000, clock, log }))
      this.#url = server.url
    } catch (error) {
      if (!(error instanceof ListenError) || error.code !== 'PORT_IN_USE') throw error
      this.#stranger = error
      return false
    }
    this.#held = held.move()
    return true
  }

  /** Whether somebody answers at the socket of this home. */
  #isLed(): Promise<boolean> {
    return new Promise((resolve) => {
      const client = connect(this.#options.socket)
      client.once('connect', () => {
        client.destroy()
        resolve(true)
      })
      client.once('error', () => resolve(false))
    })
  }
}
