import type { Clock, Log } from '@talaria/core'
import type { GatewayStores, Turn } from '@talaria/db'
import { settledResponse } from '../openai/settled-response.ts'
import type { Runner } from './runner.ts'
import { settleTurn } from './settle-turn.ts'
import { storedEvents } from './stored-events.ts'

export interface RecoverOptions {
  readonly stores: GatewayStores
  readonly runner: Runner
  readonly clock: Clock
  readonly log: Log
}

/** The message of an answer whose process died. */
const INTERRUPTED = { code: 'interrupted', message: 'The gateway restarted before this run settled.' }

/**
 * Settles the turns of gateways that are no more as interrupted, with the text they had written so far. Each is taken
 * over first, so that of several gateways only one does it, and one that was only thought dead can no longer write.
 */
export async function recoverTurns({ stores, runner, clock, log }: RecoverOptions): Promise<number> {
  let recovered = 0
  for (const dead of await runner.dead()) {
    await stores.turns.adopt(dead, runner.id)
    await stores.runners.remove(dead)
  }
  for (const turn of await stores.turns.underWay(runner.id)) {
    if (await interrupt(turn, { stores, runner, clock, log })) recovered += 1
  }
  if (recovered > 0) log.warn({ recovered }, 'runs that an earlier gateway left behind were settled as interrupted')
  return recovered
}

async function interrupt(turn: Turn, { stores, runner, clock }: RecoverOptions): Promise<boolean> {
  const events = await storedEvents(stores.turns, turn.id)
  const response = await stores.responses.ofTurn(turn.id)
  const settled = await settleTurn(
    turn,
    { status: 'interrupted', finishReason: null, error: INTERRUPTED },
    {
      stores,
      runner: runner.id,
      events,
      unwritten: [],
      finishedAt: clock.now(),
      ...(response && { response: (outcome) => settledResponse(response.id, response.envelope, outcome) }),
    },
  )
  return settled !== undefined
}
