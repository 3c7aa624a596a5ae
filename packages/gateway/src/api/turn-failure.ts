import type { SettledTurn } from '../turns/settled-turn.ts'
import { ApiError } from './api-error.ts'

/**
 * The refusal that stands for a turn of which there is nothing to show. `undefined` for any other: one with words or
 * calls in it is answered with them and with how it ended, one that somebody stopped with how it ended.
 */
export function failureOf({ turn, summary }: SettledTurn): ApiError | undefined {
  if (summary.text !== '' || summary.clientCalls.length > 0 || !turn.error) return undefined
  const { code, message } = turn.error
  if (turn.status === 'interrupted')
    return new ApiError('run_interrupted', `${message} Nothing of its answer exists; ask again.`, { headers: { 'Retry-After': '5' } })
  if (turn.status !== 'failed') return undefined
  if (code === 'context_too_long') return new ApiError('context_length_exceeded', message)
  // The agent has tried again where that may help; clients that do so too would only multiply it, and the sessions.
  return new ApiError('agent_failed', `${message} (${code})`, { headers: { 'X-Should-Retry': 'false' } })
}
