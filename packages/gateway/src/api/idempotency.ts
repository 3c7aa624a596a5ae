import { createHash } from 'node:crypto'
import { createId, type Clock, type Log } from '@talaria/core'
import type { GatewayStores, IdempotencyRecord, KeptAnswer, NewClaim, Turn } from '@talaria/db'
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

/** Where a request's key is kept; handed to what is written for it, so that both are in one transaction. */
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

export interface IdempotencyOptions {
  readonly stores: GatewayStores
  readonly runner: Runner
  readonly clock: Clock
  readonly log: Log
}

/** This request is the first under its key, or has none; or what is known of the first. */
type Taken = { readonly claim: IdempotencyClaim | undefined } | { readonly known: IdempotencyRecord }

/**
 * Makes POSTs safe to repeat: one that carries an `Idempotency-Key` is done once, and its repetitions get the same
 * answer with `Idempotency-Replayed: true`, for 24 hours, across restarts and across the gateways of one home. A request
 * that is refused frees its key.
 *
 * Every method raises ApiError `invalid_idempotency_key`, and `idempotency_key_conflict` when the key came with another
 * request.
 */
export class Idempotency {
  readonly #options: IdempotencyOptions
  /** Claims of this process whose outcome is not known yet: a twin waits for the first. */
  readonly #underWay = new Map<string, PromiseWithResolvers<void>>()

  constructor(options: IdempotencyOptions) {
    this.#options = options
  }

  /** Does once what leaves nothing behind but its answer, which is kept as it was. */
  async once(c: Context<ApiEnv>, work: () => Promise<Response>): Promise<Response> {
    const taken = await this.#take(c)
    if ('known' in taken) return replay(c, async () => keptResponse(taken.known))
    const { claim } = taken
    if (!claim) return work()
    return this.#hold(claim, async () => {
      const response = await work()
      const { status, headers } = response
      const kept = { status, headers: { 'content-type': headers.get('content-type') ?? 'application/json' }, body: await response.clone().text() }
      await this.#options.stores.idempotency.complete(claim, kept)
      return response
    })
  }

  /**
   * Makes something once. `make` hands what it is given to the store, which keeps the answer in the transaction that
   * makes it: a crash leaves both or neither.
   */
  async making<Made>(c: Context<ApiEnv>, make: (kept: KeptAnswer<Made> | undefined) => Promise<Made>, answer: (made: Made) => Answer): Promise<Response> {
    const taken = await this.#take(c)
    if ('known' in taken) return replay(c, async () => keptResponse(taken.known))
    const { claim } = taken
    const made = claim ? await this.#hold(claim, () => make({ claim, answer: (one) => keptOf(answer(one)) })) : await make(undefined)
    const { status, json } = answer(made)
    return c.json(json, status)
  }

  /** Starts a turn once: `start` accepts it, `respond` renders its answer, to the first request and to each repetition. */
  async starting(
    c: Context<ApiEnv>,
    start: (claim: IdempotencyClaim | undefined) => Promise<Turn>,
    respond: (turn: Turn) => Response | Promise<Response>,
  ): Promise<Response> {
    const taken = await this.#take(c)
    if ('known' in taken) return replay(c, async () => respond(await this.#turnOf(taken.known)))
    const { claim } = taken
    return respond(await (claim ? this.#hold(claim, () => start(claim)) : start(undefined)))
  }

  async #take(c: Context<ApiEnv>): Promise<Taken> {
    const key = c.req.header('idempotency-key')
    if (key === undefined) return { claim: undefined }
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw new ApiError('invalid_idempotency_key', 'Idempotency-Key must be 1 to 255 visible ASCII characters.', { param: 'Idempotency-Key' })
    }
    const { runner, clock } = this.#options
    const claim = { scope: `${c.get('caller').owner} ${c.req.method} ${c.req.path}`, key, claim: createId('claim') }
    const fingerprint = await fingerprintOf(c)
    // A claim whose runner nobody knows would be taken for one that a dead process left.
    if (!runner.isRegistered) await runner.register()
    for (;;) {
      const now = clock.now()
      const known = await this.#claim({ ...claim, fingerprint, runner: runner.id, createdAt: now, expiresAt: now + KEPT_MS })
      if (!known) return { claim }
      if (known.fingerprint !== fingerprint) {
        throw new ApiError('idempotency_key_conflict', 'This Idempotency-Key was used with a different request. Use a new key for a new request.', {
          param: 'Idempotency-Key',
        })
      }
      if (known.response || known.turnId !== null) return { known }
      await this.#waitFor(known)
    }
  }

  async #claim(claim: NewClaim): Promise<IdempotencyRecord | undefined> {
    // Before it is written: a twin that finds the claim must find that somebody works on it.
    this.#underWay.set(claim.claim, Promise.withResolvers())
    let isMine = false
    try {
      const known = await this.#options.stores.idempotency.claim(claim)
      isMine = !known
      return known
    } finally {
      if (!isMine) this.#underWay.delete(claim.claim)
    }
  }

  /** Has twins wait until the work under this claim has an outcome, and frees the key when that is a refusal. */
  async #hold<Result>(claim: IdempotencyClaim, work: () => Promise<Result>): Promise<Result> {
    const { stores, log } = this.#options
    try {
      return await work()
    } catch (error) {
      await stores.idempotency
        .release(claim)
        .catch((problem: unknown) => log.error({ err: problem }, 'the key of a refused request could not be freed; the next request with it frees it'))
      throw error
    } finally {
      this.#underWay.get(claim.claim)?.resolve()
      this.#underWay.delete(claim.claim)
    }
  }

  /** Until the claim has an outcome, or nobody works on it any more; then it is free. */
  async #waitFor(known: IdempotencyRecord): Promise<void> {
    const { stores, runner, clock } = this.#options
    const first = this.#underWay.get(known.claim)
    if (first) return first.promise
    if (known.runner !== runner.id && (await runner.lives(known.runner))) return clock.delay(FOREIGN_POLL_MS)
    // Its process died before it accepted anything.
    await stores.idempotency.release(known)
  }

  async #turnOf({ turnId }: IdempotencyRecord): Promise<Turn> {
    const turn = turnId === null ? undefined : await this.#options.stores.turns.get(turnId, { all: true })
    if (turn) return turn
    throw new ApiError('run_not_found', `Run '${turnId}', which this request started when it first came, was deleted.`)
  }
}

async function fingerprintOf(c: Context<ApiEnv>): Promise<string> {
  const session = [ourHeader(c, 'Session-Id') ?? '', ourHeader(c, 'Session-Key') ?? '']
  return createHash('sha256')
    .update(JSON.stringify(session))
    .update(await readText(c))
    .digest('base64url')
}

async function replay(c: Context<ApiEnv>, render: () => Promise<Response>): Promise<Response> {
  // For an answer that turns out to be a refusal, which this context renders later.
  c.header('Idempotency-Replayed', 'true')
  const response = await render()
  response.headers.set('Idempotency-Replayed', 'true')
  return response
}

function keptResponse({ response }: IdempotencyRecord): Response {
  return new Response(response!.body, { status: response!.status, headers: response!.headers })
}

function keptOf({ status, json }: Answer): NonNullable<IdempotencyRecord['response']> {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(json) }
}
