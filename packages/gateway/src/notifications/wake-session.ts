import { createId, TalariaError, type Clock } from '@talaria/core'
import type { GatewayStores } from '@talaria/db'
import { instructionsOf, sessionNotFound } from '../api/placement.ts'
import type { Runner } from '../turns/runner.ts'
import type { Turns } from '../turns/turns.ts'

/** Longer than anybody tries again to tell of something. */
const KEPT_MS = 7 * 24 * 3_600_000

const NOT_APPROVED = 'This tool asks before it runs, and nobody is there to answer: the conversation was woken by a notification.'

export interface WakeSessionOptions {
  readonly stores: GatewayStores
  readonly turns: Turns
  readonly runner: Runner
  /** The model of sessions that name none. */
  readonly modelName: string
  readonly clock: Clock
}

/**
 * Gives a session that is no chat's a turn, once for each id, however often and by how many gateways it is asked for.
 * Resolves when the turn is on disk.
 *
 * @throws ApiError `session_not_found` and what `Turns.start` throws, TalariaError `session_being_woken` while another gateway is at it.
 */
export async function wakeSession(
  sessionId: string,
  { text, id }: { readonly text: string; readonly id: string },
  { stores, turns, runner, modelName, clock }: WakeSessionOptions,
): Promise<void> {
  const session = await stores.sessions.get(sessionId, { all: true })
  if (!session) throw sessionNotFound(sessionId)
  if (!runner.isRegistered) await runner.register()
  const now = clock.now()
  const claim = { scope: 'notification', key: id, claim: createId('claim') }
  const known = await stores.idempotency.claim({ ...claim, fingerprint: id, runner: runner.id, createdAt: now, expiresAt: now + KEPT_MS })
  if (known?.turnId) return
  if (known) {
    const isGone = known.runner === runner.id || !(await runner.lives(known.runner))
    // Its process died before it accepted a turn: the next try has the key.
    if (isGone) await stores.idempotency.release(known)
    throw new TalariaError('session_being_woken', `Another try to wake this session ${isGone ? 'was cut short' : 'is under way'}.`)
  }
  try {
    await turns.start({
      session: { id: session.id },
      owner: session.owner,
      kind: 'session',
      model: session.model ?? modelName,
      history: 'stored',
      messages: [{ id: createId('msg', now), role: 'user', content: text }],
      agent: instructionsOf(session, undefined),
      approval: { denied: NOT_APPROVED },
      request: { onDisconnect: 'continue', notification: id },
      idempotency: claim,
    })
  } catch (error) {
    await stores.idempotency.release(claim)
    throw error
  }
}
