import type { Log } from '@talaria/core'
import type { GatewayStores, Inbound } from '@talaria/db'
import type { Places } from '../delivery/resolve-target.ts'
import { destinationsOf } from './destinations.ts'
import type { InboundMessage } from './inbound-message.ts'
import { outboundRows } from './outbound-rows.ts'

export interface DirectDeliveryOptions {
  readonly stores: Pick<GatewayStores, 'outbound'>
  readonly places: Places
  /** How long a message may be on a platform. */
  readonly roomOn: (platform: string) => number
  readonly log: Log
}

/** Sends what a message says to where it is to be delivered; no agent is asked. The message is done in the same transaction. */
export async function deliverDirectly(
  rows: readonly Inbound[],
  message: InboundMessage,
  { stores, places, roomOn, log }: DirectDeliveryOptions,
): Promise<void> {
  const { address, messageId: replyTo, text, delivery } = message
  const destinations = await destinationsOf({ address, replyTo, sessionKey: rows[0]!.sessionKey, deliverTo: delivery?.to ?? [] }, places, log)
  const outbound = destinations.flatMap((where) => outboundRows({ ...where, kind: 'notice', text }, roomOn(where.address.platform)))
  await stores.outbound.add(outbound, { answers: rows.map(({ id }) => id) })
}
