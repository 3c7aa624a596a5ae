import { codeOf, messageOf, systemClock as clock, TalariaError } from '@talaria/core'
import { healthSchema, jsonErrorSchema } from '@talaria/core/contracts'
import type { z } from 'zod'

export interface ServiceClientOptions {
  /** What people call it: `gateway`. */
  readonly name: string
  readonly url: string
  readonly key: string | undefined
  /** The variable that holds the key. */
  readonly keyVariable: string
}

/** Why a service could not be asked: `NOT_RUNNING`, nobody answers there; `REFUSED`, it says no; `NOT_UNDERSTOOD`, it is no service of this version. */
export type ServiceErrorCode = 'NOT_RUNNING' | 'REFUSED' | 'NOT_UNDERSTOOD'

/** A service that could not be asked, in a sentence that says what to do. */
export class ServiceError extends TalariaError<ServiceErrorCode> {}

/** How long a service may take to begin an answer; one that hangs is reported, not waited for. */
const TIMEOUT_MS = 10_000

/** A running service, asked over HTTP. */
export class ServiceClient {
  readonly name: string
  readonly url: string
  readonly #key: string | undefined
  readonly #keyVariable: string

  constructor({ name, url, key, keyVariable }: ServiceClientOptions) {
    this.name = name
    this.url = url
    this.#key = key
    this.#keyVariable = keyVariable
  }

  /** Whether this service answers there, and not another program that has its port. */
  async isRunning(): Promise<boolean> {
    try {
      const response = await this.#fetch('/health', {})
      return response.ok && healthSchema.parse(await response.json()).service === this.name
    } catch {
      return false
    }
  }

  /** The answer of a route, checked; a health report is one even when its status says that things are bad. @throws ServiceError */
  async ask<Output>(method: string, path: string, schema: z.ZodType<Output>, body?: unknown): Promise<Output> {
    const response = await this.#send(method, path, body)
    const json: unknown = await response.json().catch(() => undefined)
    const answer = schema.safeParse(json)
    if (answer.success) return answer.data
    if (!response.ok) throw this.#refusal(response, json)
    throw new ServiceError('NOT_UNDERSTOOD', `What answers at ${this.url} is not the ${this.name} of this version of Talaria.`, { cause: answer.error })
  }

  /** The answer of a route as it comes. @throws ServiceError `NOT_RUNNING`, `REFUSED` */
  async request(method: string, path: string, body?: unknown): Promise<Response> {
    const response = await this.#send(method, path, body)
    if (response.ok) return response
    throw this.#refusal(response, await response.json().catch(() => undefined))
  }

  async #send(method: string, path: string, body: unknown): Promise<Response> {
    if (this.#key === undefined) {
      const { name } = this
      throw new ServiceError(
        'REFUSED',
        `${this.#keyVariable} is not set, so the ${name} lets nobody in. Set it in the .env file of your TALARIA_HOME and restart the ${name}.`,
      )
    }
    return this.#fetch(path, {
      method,
      headers: { Authorization: `Bearer ${this.#key}`, 'Content-Type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  }

  #refusal({ status, statusText }: Response, json: unknown): ServiceError {
    const said = jsonErrorSchema.safeParse(json).data?.error.message ?? statusText
    return new ServiceError('REFUSED', `The ${this.name} at ${this.url} refused (${status}): ${said}`)
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const { name, url } = this
    // Only until the answer begins: a backup streams for as long as it takes.
    const late = new AbortController()
    const begun = new AbortController()
    void clock.delay(TIMEOUT_MS, begun.signal).then(
      () => late.abort(),
      () => {},
    )
    try {
      return await fetch(url + path, { ...init, signal: late.signal })
    } catch (error) {
      if (late.signal.aborted) throw new ServiceError('NOT_RUNNING', `The ${name} at ${url} did not answer within ${TIMEOUT_MS / 1000} s.`, { cause: error })
      const { cause } = error as Error
      const reason = codeOf(cause) ?? messageOf(cause ?? error)
      throw new ServiceError('NOT_RUNNING', `The ${name} does not run at ${url} (${reason}). Start it with: pnpm ${name}`, { cause: error })
    } finally {
      begun.abort(new Error('it has begun'))
    }
  }
}
