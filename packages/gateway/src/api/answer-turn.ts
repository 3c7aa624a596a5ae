import { sseResponse } from '@talaria/core/http'
import type { Turn, TurnEvent } from '@talaria/db'
import type { Context } from 'hono'
import type { SettledTurn } from '../turns/settled-turn.ts'
import { TurnAborted } from '../turns/turn-aborted.ts'
import { onClientGone, type ApiContext, type ApiEnv } from './api-context.ts'
import { ApiError } from './api-error.ts'
import { ourHeader } from './our-headers.ts'
import { refusalOf } from './render-error.ts'

/** What becomes of a turn whose last client goes away before the end. */
export type OnDisconnect = 'cancel' | 'continue'

/** The client's wish, by header or by the body's `on_disconnect`; without one the turn is cancelled. */
export function onDisconnectOf(c: Context<ApiEnv>, field: OnDisconnect | null | undefined): OnDisconnect {
  const header = ourHeader(c, 'On-Disconnect')
  if (header !== undefined && header !== 'cancel' && header !== 'continue') {
    throw new ApiError('invalid_value', "X-Talaria-On-Disconnect must be 'cancel' or 'continue'.", { param: 'X-Talaria-On-Disconnect' })
  }
  return header ?? field ?? 'cancel'
}

/** Headers that tell which session and run an answer belongs to; the predecessor's name for the session is kept. */
export function turnHeaders(turn: Turn): Record<string, string> {
  return { 'X-Talaria-Session-Id': turn.sessionId, 'X-Hermes-Session-Id': turn.sessionId, 'X-Talaria-Run-Id': turn.id }
}

/** Waits for a turn's end. A client that leaves meanwhile is one follower less. */
export async function awaitTurn(c: Context<ApiEnv>, api: ApiContext, turn: Turn): Promise<SettledTurn> {
  const leave = follow(api, turn)
  const left = new AbortController()
  onClientGone(c, () => {
    leave()
    left.abort()
  })
  return api.turns.settled(turn, left.signal)
}

/** Streams a turn's events as frames, whether it still runs or not. */
export function streamTurn(
  api: ApiContext,
  turn: Turn,
  render: (events: readonly TurnEvent[]) => string,
  options: {
    readonly after?: number
    readonly durable: boolean
    readonly headers?: Record<string, string>
    readonly end?: string
    readonly onError?: (refusal: ApiError) => string
  },
): Response {
  const leave = follow(api, turn)
  const left = new AbortController()
  async function* frames() {
    try {
      // Which turn it is, at once: a model may think for minutes, and a client that leaves meanwhile must be able to come back.
      yield render([])
      for await (const events of api.turns.follow(turn, { after: options.after ?? 0, durable: options.durable, signal: left.signal })) yield render(events)
      if (options.end) yield options.end
    } catch (error) {
      const refusal = refusalOf(error, api.log, { turn: turn.id })
      if (!options.onError) throw refusal
      yield options.onError(refusal)
    } finally {
      leave()
    }
  }
  return sseResponse(frames(), {
    clock: api.clock,
    keepAliveMs: api.settings.keepAliveMs,
    headers: { ...turnHeaders(turn), ...options.headers },
    onCancel() {
      leave()
      left.abort()
    },
  })
}

/** Counts one more client of a running turn; the returned function takes it away, and with the last one may end the turn. */
function follow(api: ApiContext, turn: Turn): () => void {
  const live = api.turns.live(turn.id)
  if (!live) return () => {}
  live.followers += 1
  let left = false
  return () => {
    if (left) return
    left = true
    live.followers -= 1
    if (live.followers > 0 || live.isClosed || turn.request['onDisconnect'] !== 'cancel') return
    api.turns.stop(turn.id, new TurnAborted('cancelled', 'client_disconnected', 'The client went away before the answer was complete.'))
  }
}
