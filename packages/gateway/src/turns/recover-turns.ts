import type { Clock, Log } from '@talaria/core'
import type { GatewayStores, Turn } from '@talaria/db'
import { settledResponse } from '../openai/settled-response.ts'
import type { Runner } from './runner.ts'
import { settleTurn, type SettleChat } from './settle-turn.ts'
import { storedEvents } from './stored-events.ts'

export interface RecoverOptions {
  readonly stores: GatewayStores
  readonly runner: Runner
  /** Whether this process runs the turn itself; what it took over it does not. */
  readonly owns: (turnId: string) => boolean
  /** What the end of a turn means for the chat that it came from, if it did. */
  readonly chatOf?: (turn: Turn) => SettleChat | undefined
  /** Called for a runner that is no more, once all its turns are settled; until it resolves the runner is not forgotten. */
  readonly onGone?: (runner: string) => Promise<void>
  readonly clock: Clock
  readonly log: Log
}

/** The message of an answer whose process died. */
const INTERRUPTED = { code: 'interrupted', message: 'The gateway restarted before this run settled.' }

/**
 * Settles the turns of gateways that are no more as interrupted, with the text they had written so far. Each is taken
 * over first, so that of several gateways only one does it, and one that was only thought dead can no longer write.
 */
export async function recoverTurns(options: RecoverOptions): Promise<number> {
  const { stores, runner, owns, onGone, log } = options
  const dead = await runner.dead()
  for (const one of dead) await stores.turns.adopt(one, runner.id)
  let recovered = 0
  let isDone = true
  for (const turn of await stores.turns.underWay(runner.id)) {
    if (owns(turn.id)) continue
    try {
      if (await interrupt(turn, options)) recovered += 1
    } catch (error) {
      isDone = false
      log.error({ err: error, turn: turn.id }, 'a run that an earlier gateway left behind could not be settled; trying again')
    }
  }
  // In this order: a message whose turn is not settled yet would be answered again if it were given back.
  if (isDone) {
    for (const one of dead) {
      await onGone?.(one)
      await stores.runners.remove(one)
    }
  }
  if (recovered > 0) log.warn({ recovered }, 'runs that an earlier gateway left behind were settled as interrupted')
  return recovered
}

async function interrupt(turn: Turn, { stores, runner, chatOf, clock }: RecoverOptions): Promise<boolean> {
  const events = await storedEvents(stores.turns, turn.id)
  const response = await stores.responses.ofTurn(turn.id)
  const chat = chatOf?.(turn)
  const settled = await settleTurn(
    turn,
    { status: 'interrupted', finishReason: null, error: INTERRUPTED },
    {
      stores,
      runner: runner.id,
      events,
      unwritten: [],
      isFirst: false,
      finishedAt: clock.now(),
      ...(chat && { chat }),
      ...(response && { response: (outcome) => settledResponse(response.id, response.envelope, outcome) }),
    },
  )
  return settled !== undefined
}
