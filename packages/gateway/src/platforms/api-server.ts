import { messageOf, startLoop, type Clock, type Log, type Loop } from '@talaria/core'
import type { PlatformState, PlatformStatus } from '@talaria/core/contracts'
import type { ApiApp } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import type { PlatformPlan, PlatformService } from './platform.ts'

const RETRY_MS = 5_000

export interface ApiServerOptions {
  readonly plan: PlatformPlan
  /** Makes what answers under `/v1` and `/api`. Called by `start`, once for each attempt. */
  readonly createApp: () => ApiApp
  /** Resolves when what it stands on can be used; rejects with the reason when not. */
  readonly probe: () => Promise<void>
  readonly clock: Clock
  readonly log: Log
}

/** The HTTP API as a platform: it mounts `/v1` and `/api` on the gateway's listener while it is connected. */
export class ApiServer implements PlatformService {
  readonly name = 'api_server'
  readonly #options: ApiServerOptions
  #app: ApiApp | undefined
  #state: PlatformState
  #reason: string | null
  #since: number
  #nextAttemptAt: number | null = null
  #attempts = 0
  #retries: Loop | undefined

  constructor(options: ApiServerOptions) {
    this.#options = options
    this.#state = options.plan.state === 'ready' ? 'stopped' : options.plan.state
    this.#reason = options.plan.state === 'ready' ? null : options.plan.reason
    this.#since = options.clock.now()
  }

  get status(): PlatformStatus {
    const { name } = this
    return { name, state: this.#state, reason: this.#reason, since: this.#since, nextAttemptAt: this.#nextAttemptAt, attempts: this.#attempts }
  }

  /** Connected means connected: the store has answered. Where it does not, it is asked again every five seconds. */
  async start(): Promise<void> {
    const { plan, clock, log } = this.#options
    if (plan.state !== 'ready') return log.warn({ platform: this.name, state: plan.state }, plan.reason)
    this.#become('connecting')
    await this.#connect()
    if (this.#state === 'connected') return
    this.#retries = startLoop({ name: 'api_server', everyMs: RETRY_MS, firstAfterMs: RETRY_MS, clock, log, step: () => this.#connect() })
  }

  /** What answers a request under `/v1` or `/api`. @throws ApiError `api_server_not_ready`, naming what to set. */
  get app(): ApiApp {
    if (this.#app) return this.#app
    throw new ApiError('api_server_not_ready', `The API server is ${this.#state.replaceAll('_', ' ')}. ${this.#reason ?? 'Try again shortly.'}`, {
      ...(this.#options.plan.state === 'ready' && { headers: { 'Retry-After': '5' } }),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#retries?.[Symbol.asyncDispose]()
    this.#retries = undefined
    this.#app = undefined
    if (this.#options.plan.state === 'ready') this.#become('stopped')
  }

  async #connect(): Promise<void> {
    if (this.#app) return
    this.#attempts += 1
    try {
      await this.#options.probe()
      this.#app = this.#options.createApp()
      this.#become('connected')
      this.#options.log.info({ platform: this.name }, 'the API server is connected')
    } catch (error) {
      this.#become('backing_off', messageOf(error))
      this.#options.log.error({ err: error, platform: this.name }, 'the API server could not be started; trying again')
    }
  }

  #become(state: PlatformState, reason: string | null = null): void {
    if (state !== this.#state) this.#since = this.#options.clock.now()
    this.#state = state
    this.#reason = reason
    this.#nextAttemptAt = state === 'backing_off' ? this.#options.clock.now() + RETRY_MS : null
  }
}
