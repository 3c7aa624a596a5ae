import { codeOf, TalariaError } from '@talaria/core'
import { jsonErrorSchema } from '@talaria/core/contracts'
import type { z } from 'zod'

export interface ServiceClientOptions {
  /** What people call it: `gateway`. */
  readonly name: string
  readonly url: string
  readonly key: string | undefined
  /** The variable that holds the key. */
  readonly keyVariable: string
}

/** How long a service may take to begin an answer; one that hangs is reported, not waited for. */
const TIMEOUT_MS = 10_000

/** A running service, asked over HTTP. */
export class ServiceClient {
  readonly #options: ServiceClientOptions

  constructor(options: ServiceClientOptions) {
    this.#options = options
  }

  get name(): string {
    return this.#options.name
  }

  get url(): string {
    return this.#options.url
  }

  /** Whether something answers there as a service of ours. */
  async isRunning(): Promise<boolean> {
    try {
      return (await fetch(`${this.#options.url}/health`, { signal: AbortSignal.timeout(TIMEOUT_MS) })).ok
    } catch {
      return false
    }
  }

  /** The answer of a route, checked. @throws TalariaError `NOT_RUNNING`, `REFUSED` */
  async ask<Output>(method: string, path: string, schema: z.ZodType<Output>, body?: unknown): Promise<Output> {
    const response = await this.request(method, path, body)
    return schema.parse(await response.json())
  }

  /** The answer of a route as it comes. @throws TalariaError `NOT_RUNNING`, `REFUSED` */
  async request(method: string, path: string, body?: unknown): Promise<Response> {
    const { name, url, key, keyVariable } = this.#options
    if (key === undefined) throw new TalariaError('REFUSED', `${keyVariable} is not set, so the ${name} lets nobody in. Set it in the .env file of your TALARIA_HOME and restart the ${name}.`)
    const response = await this.#fetch(path, {
      method,
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    // A health report is an answer even when it says that things are bad.
    if (response.ok || path === '/health/deep') return response
    const refusal = jsonErrorSchema.safeParse(await response.json().catch(() => undefined))
    throw new TalariaError('REFUSED', `The ${name} at ${url} refused (${response.status}): ${refusal.data?.error.message ?? response.statusText}`)
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const { name, url } = this.#options
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), TIMEOUT_MS)
    try {
      return await fetch(url + path, { ...init, signal: late.signal })
    } catch (error) {
      if (late.signal.aborted) throw new TalariaError('NOT_RUNNING', `The ${name} at ${url} did not answer within ${TIMEOUT_MS / 1000} s.`, { cause: error })
      const reason = codeOf((error as Error).cause) ?? (error as Error).message
      throw new TalariaError('NOT_RUNNING', `The ${name} does not run at ${url} (${reason}). Start it with: pnpm ${name}`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }
}
