import { createHash } from 'node:crypto'
import { createId, type Clock } from '@talaria/core'
import type { GatewayStores, IdempotencyRecord, KeptAnswer, Turn } from '@talaria/db'
import type { Context } from 'hono'
import type { Runner } from '../turns/runner.ts'
import type { ApiEnv } from './api-context.ts'
import { ApiError } from './api-error.ts'
import { readText } from './json-body.ts'
import { ourHeader } from './our-headers.ts'

/** As long as OpenAI and Stripe keep them. */
const KEPT_MS = 24 * 60 * 60_000

/** Between two looks at a claim that another process works on. */
const FOREIGN_POLL_MS = 100

/** Where a request's key is kept; handed to the turn it starts, so that both are written in one transaction. */
export interface IdempotencyClaim {
  readonly scope: string
  readonly key: string
  readonly claim: string
}

/** What a request that makes something is answered with. */
export interface Answer {
  readonly status: 200 | 201
  readonly json: Readonly<Record<string, unknown>>
}

/** Where the answer to a repetition comes from: the turn that was started, or what was kept, which `keep` may see to. */
interface HowToRepeat {
  readonly replayTurn?: (turn: Turn) => Promise<Response>
  readonly keep?: (claim: IdempotencyClaim, response: Response) => Promise<void>
}

export interface IdempotencyOptions {
  readonly stores: GatewayStores
  readonly runner: Runner
  readonly clock: Clock
}

/**
 * Makes POSTs safe to repeat: one that carries an `Idempotency-Key` is done once, and its repetitions get the same
 * answer with `Idempotency-Replayed: true`, for 24 hours, across restarts and across the gateways of one home.
 */
export class Idempotency {
  readonly #options: IdempotencyOptions
  /** Claims of this process whose answer is not known yet: a twin waits for the first. */
  readonly #underWay = new Map<string, Promise<void>>()

  constructor(options: IdempotencyOptions) {
    this.#options = options
  }

  /**
   * Does `work` once per key. Work that starts a turn passes `replayTurn`, which renders that turn's answer again; the
   * answer of any other work, which must leave nothing behind but its answer, is kept as it was.
   *
   * @throws ApiError `invalid_idempotency_key`; `idempotency_key_conflict` when the key came with another request.
   */
  async once(
    c: Context<ApiEnv>,
    work: (claim: IdempotencyClaim | undefined) => Promise<Response>,
    replayTurn?: (turn: Turn) => Promise<Response>,
  ): Promise<Response> {
    const keep = async (claim: IdempotencyClaim, response: Response) => {
      const { status, headers } = response
      await this.#options.stores.idempotency.complete(claim, { status, headers: { 'content-type': headers.get('content-type') ?? 'application/json' }, body: await response.text() })
    }
    return this.#once(c, work, replayTurn ? { replayTurn } : { keep })
  }

  /**
   * Makes something once per key. `make` hands what it is given to the store, which keeps the answer in the transaction
   * that makes it: a crash leaves both or neither.
   *
   * @throws ApiError as {@link once} does.
   */
  async making<Made>(c: Context<ApiEnv>, make: (kept: KeptAnswer<Made> | undefined) => Promise<Made>, answer: (made: Made) => Answer): Promise<Response> {
    const work = async (claim: IdempotencyClaim | undefined) => {
      const made = await make(claim && { claim, answer: (one) => keptOf(answer(one)) })
      const { status, json } = answer(made)
      return c.json(json, status)
    }
    return this.#once(c, work)
  }

  async #once(c: Context<ApiEnv>, work: (claim: IdempotencyClaim | undefined) => Promise<Response>, how: HowToRepeat = {}): Promise<Response> {
    const key = c.req.header('idempotency-key')
    if (key === undefined) return work(undefined)
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw new ApiError('invalid_idempotency_key', 'Idempotency-Key must be 1 to 255 visible ASCII characters.', { param: 'Idempotency-Key' })
    }
    const { stores, runner, clock } = this.#options
    const claim = { scope: `${c.get('caller').owner} ${c.req.method} ${c.req.path}`, key, claim: createId('claim') }
    const fingerprint = await fingerprintOf(c)
    for (;;) {
      const now = clock.now()
      const known = await stores.idempotency.claim({ ...claim, fingerprint, runner: runner.id, createdAt: now, expiresAt: now + KEPT_MS })
      if (!known) return this.#first(claim, work, how)
      if (known.fingerprint !== fingerprint) {
        throw new ApiError('idempotency_key_conflict', 'This Idempotency-Key was used with a different request. Use a new key for a new request.', { param: 'Idempotency-Key' })
      }
      const replay = await this.#replay(known, how)
      if (replay) return replay
      await this.#waitFor(known)
    }
  }

  async #first(claim: IdempotencyClaim, work: (claim: IdempotencyClaim) => Promise<Response>, { keep }: HowToRepeat): Promise<Response> {
    const { idempotency } = this.#options.stores
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#underWay.set(claim.claim, promise)
    try {
      const response = await work(claim)
      await keep?.(claim, response.clone())
      return response
    } catch (error) {
      await idempotency.release(claim)
      throw error
    } finally {
      this.#underWay.delete(claim.claim)
      resolve()
    }
  }

  async #replay(known: IdempotencyRecord, { replayTurn }: HowToRepeat): Promise<Response | undefined> {
    if (known.response) return replayed(new Response(known.response.body, { status: known.response.status, headers: known.response.headers }))
    if (known.turnId === null || !replayTurn) return undefined
    const turn = await this.#options.stores.turns.get(known.turnId, { all: true })
    if (!turn) throw new ApiError('run_not_found', `Run '${known.turnId}', which this request started when it first came, was deleted.`)
    return replayed(await replayTurn(turn))
  }

  /** Until the claim has an answer, or nobody works on it any more; then it is free. */
  async #waitFor(known: IdempotencyRecord): Promise<void> {
    const { stores, runner, clock } = this.#options
    const first = this.#underWay.get(known.claim)
    if (first) return first
    if (known.runner !== runner.id && (await runner.lives(known.runner))) return clock.delay(FOREIGN_POLL_MS)
    // Its process died before it accepted anything.
    await stores.idempotency.release(known)
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

function keptOf({ status, json }: Answer): NonNullable<IdempotencyRecord['response']> {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(json) }
}
