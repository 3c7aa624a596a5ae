import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock, Log } from '@talaria/core'
import type { InboundMessage } from '../chats/inbound-message.ts'
import { AttemptResources } from './attempt-resources.ts'
import type { ConnectContext, Reception } from './definition.ts'
import type { Platform } from './platform.ts'
import { PlatformError } from './platform-error.ts'
import { platformErrorOf } from './platform-error-of.ts'
import { withDeadline } from './with-deadline.ts'

const CONNECT_MS = 30_000

export interface AttemptOptions {
  readonly connect: (context: ConnectContext) => Promise<Platform>
  readonly receive: (message: InboundMessage) => Promise<Reception>
  /** Called while it is connected, whenever what `degraded` says changes. */
  readonly onDegraded: () => void
  /** Ends the attempt when it aborts. */
  readonly stop: AbortSignal
  readonly clock: Clock
  readonly log: Log
}

/**
 * One attempt to be connected, from before the first line of `connect` to the end of the last thing that it opened (I-2).
 * Disposing gives it up, at any moment and for whatever reason; it never rejects, and takes five seconds at most.
 */
export class Attempt implements AsyncDisposable {
  readonly #options: AttemptOptions
  readonly #over = new AbortController()
  /** The platform's, see `platformScope`: whoever made the attempt is in it. */
  readonly #inScope = AsyncLocalStorage.snapshot()
  readonly #ended = Promise.withResolvers<PlatformError>()
  readonly #resources: AttemptResources
  #mounted: ((request: Request) => Response | Promise<Response>) | undefined
  #degraded: string | undefined
  readonly #onStop = () => this.end(new PlatformError('connection_lost', 'The attempt was given up.'))

  constructor(options: AttemptOptions) {
    this.#options = options
    options.stop.addEventListener('abort', this.#onStop)
    if (options.stop.aborted) this.#onStop()
    this.#resources = new AttemptResources({ signal: this.#over.signal, clock: options.clock, log: options.log })
  }

  /** Resolves when the connection has died, or was ended, with what of. */
  get ended(): Promise<PlatformError> {
    return this.#ended.promise
  }

  /** What does not work though it is connected. */
  get degraded(): string | undefined {
    return this.#degraded
  }

  /** What answers the requests below its path, if anything. */
  get mounted(): ((request: Request) => Response | Promise<Response>) | undefined {
    return this.#mounted
  }

  /** Resolves when the service itself has accepted us. @throws PlatformError, whatever happened; `timeout` after 30 s */
  async connect(): Promise<Platform> {
    const { clock, connect } = this.#options
    const context = this.#context()
    const ended = async (): Promise<never> => {
      throw await this.#ended.promise
    }
    try {
      return await withDeadline(CONNECT_MS, { clock, what: 'Connecting' }, () => Promise.race([this.#inScope(() => connect(context)), ended()]))
    } catch (error) {
      throw platformErrorOf(error)
    }
  }

  /** Says that it is over, and what of; the first word counts. Nothing is disposed yet. */
  end(error: PlatformError): void {
    this.#ended.resolve(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#onStop()
    this.#options.stop.removeEventListener('abort', this.#onStop)
    this.#over.abort(await this.#ended.promise)
    this.#mounted = undefined
    await this.#inScope(() => this.#resources.disposeAsync())
  }

  #context(): ConnectContext {
    const { receive, onDegraded, clock, log } = this.#options
    const { signal } = this.#over
    return {
      resources: this.#resources,
      signal,
      receive: async (message) => {
        // Not acknowledged: the next attempt is sent it again.
        signal.throwIfAborted()
        return receive(message)
      },
      lost: (error) => this.end(platformErrorOf(error)),
      degraded: (reason) => {
        if (signal.aborted || reason === this.#degraded) return
        this.#degraded = reason
        onDegraded()
      },
      mount: (fetch) => {
        if (!signal.aborted) this.#mounted = fetch
      },
      clock,
      log,
    }
  }
}
