import { createHash } from 'node:crypto'
import type { Clock } from '@talaria/core'
import type { GatewayStores, Turn } from '@talaria/db'
import type { Context } from 'hono'
import type { ApiEnv } from './api-context.ts'
import { ApiError } from './api-error.ts'
import { readText } from './json-body.ts'
import { ourHeader } from './session-headers.ts'

/** As long as OpenAI and Stripe keep them. */
const KEPT_MS = 24 * 60 * 60_000

/** Where a request's key is kept; handed to the turn it starts, so that both are written in one transaction. */
export interface IdempotencyClaim {
  readonly scope: string
  readonly key: string
}

/**
 * Makes POSTs safe to repeat: one that carries an `Idempotency-Key` is done once, and its repetitions get the same
 * answer with `Idempotency-Replayed: true`, for 24 hours and across restarts.
 */
export class Idempotency {
  readonly #stores: GatewayStores
  readonly #clock: Clock
  /** Claims of this process whose answer is not known yet: a twin waits for the first. */
  readonly #underWay = new Map<string, Promise<void>>()

  constructor(stores: GatewayStores, clock: Clock) {
    this.#stores = stores
    this.#clock = clock
  }

  /**
   * Does `work` once per key. Work that starts a turn passes `replayTurn`, which renders that turn's answer again; the
   * answer of any other work is kept as it was.
   *
   * @throws ApiError `invalid_idempotency_key`; `idempotency_key_conflict` when the key came with another request.
   */
  async once(
    c: Context<ApiEnv>,
    work: (claim: IdempotencyClaim | undefined) => Promise<Response>,
    replayTurn?: (turn: Turn) => Promise<Response>,
  ): Promise<Response> {
    const key = c.req.header('idempotency-key')
    if (key === undefined) return work(undefined)
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw new ApiError('invalid_idempotency_key', 'Idempotency-Key must be 1 to 255 visible ASCII characters.', { param: 'Idempotency-Key' })
    const claim = { scope: `${c.get('caller').owner} ${c.req.method} ${c.req.path}`, key }
    const fingerprint = await fingerprintOf(c)
    for (;;) {
      const now = this.#clock.now()
      const known = await this.#stores.idempotency.claim({ ...claim, fingerprint, createdAt: now, expiresAt: now + KEPT_MS })
      if (!known) return this.#first(claim, work, replayTurn !== undefined)
      if (known.fingerprint !== fingerprint) {
        throw new ApiError('idempotency_key_conflict', 'This Idempotency-Key was used with a different request. Use a new key for a new request.', { param: 'Idempotency-Key' })
      }
      if (known.response) return replayed(new Response(known.response.body, { status: known.response.status, headers: known.response.headers }))
      const turn = known.turnId === null ? undefined : await this.#stores.turns.get(known.turnId, { all: true })
      if (turn && replayTurn) return replayed(await replayTurn(turn))
      const first = this.#underWay.get(`${claim.scope} ${key}`)
      if (first) await first
      // Nobody works on it and it has no answer: its process died before it accepted anything.
      else await this.#stores.idempotency.release(claim.scope, key)
    }
  }

  async #first(claim: IdempotencyClaim, work: (claim: IdempotencyClaim) => Promise<Response>, startsTurn: boolean): Promise<Response> {
    const id = `${claim.scope} ${claim.key}`
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#underWay.set(id, promise)
    try {
      const response = await work(claim)
      if (!startsTurn) await this.#keep(claim, response.clone())
      return response
    } catch (error) {
      await this.#stores.idempotency.release(claim.scope, claim.key)
      throw error
    } finally {
      this.#underWay.delete(id)
      resolve()
    }
  }

  async #keep(claim: IdempotencyClaim, response: Response): Promise<void> {
    const body = await response.text()
    await this.#stores.idempotency.complete(claim.scope, claim.key, {
      status: response.status,
      headers: { 'content-type': response.headers.get('content-type') ?? 'application/json' },
      body,
    })
  }
}

async function fingerprintOf(c: Context<ApiEnv>): Promise<string> {
  const session = [ourHeader(c, 'Session-Id') ?? '', ourHeader(c, 'Session-Key') ?? '']
  return createHash('sha256').update(JSON.stringify(session)).update(await readText(c)).digest('base64url')
}

function replayed(response: Response): Response {
  response.headers.set('Idempotency-Replayed', 'true')
  return response
}
