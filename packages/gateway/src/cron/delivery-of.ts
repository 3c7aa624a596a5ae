import type { ChatAddress, CronDelivery, CronJob, NewOutbound } from '@talaria/db'
import { outboundRows } from '../chats/outbound-rows.ts'
import { isAutonomousSilence } from './autonomous-silence.ts'
import { parseDeliverTarget } from '../delivery/deliver-target.ts'
import { resolveTarget, type Places } from '../delivery/resolve-target.ts'

export interface DeliveryOptions extends Places {
  /** How long a message may be on a platform. */
  readonly maxLengthOn: (platform: string) => number
}

/** What is to be sent of a run: its output, or that it did not come to its end. */
export interface Said {
  readonly text: string
  /** A failure is told even where silence was asked for. */
  readonly isFailure: boolean
  readonly turnId: string | null
}

/** Where the output of a run goes, and the rows of the outbox that take it there; each chat gets it once. */
export async function deliveryOf(
  job: Pick<CronJob, 'deliver' | 'origin'>,
  said: Said,
  options: DeliveryOptions,
): Promise<{ readonly deliveries: readonly CronDelivery[]; readonly outbound: readonly NewOutbound[] }> {
  const deliveries: CronDelivery[] = []
  const outbound: NewOutbound[] = []
  const reached = new Set<string>()
  const isSilent = !said.isFailure && isAutonomousSilence(said.text)
  for (const text of job.deliver) {
    const target = parseDeliverTarget(text, options.platforms)
    if (target?.kind === 'session' || target?.kind === 'none') continue
    if (isSilent) {
      deliveries.push({ target: text, status: 'silent' })
      continue
    }
    const resolved = target ? await resolveTarget(target, job.origin, options) : { problem: `There is no platform '${text}' any more.` }
    if ('problem' in resolved) {
      deliveries.push({ target: text, status: 'failed', error: resolved.problem })
      continue
    }
    const rows = resolved.addresses.filter((address) => isNew(address, reached)).flatMap((address) => rowsFor(address, said, options))
    outbound.push(...rows)
    deliveries.push({ target: text, status: 'queued', outbound: rows.map(({ id }) => id) })
  }
  return { deliveries, outbound }
}

function isNew({ platform, account, chatId, threadId }: ChatAddress, reached: Set<string>): boolean {
  const key = JSON.stringify([platform, account, chatId, threadId])
  if (reached.has(key)) return false
  reached.add(key)
  return true
}

function rowsFor(address: ChatAddress, { text, turnId }: Said, { maxLengthOn }: DeliveryOptions): readonly NewOutbound[] {
  return outboundRows({ kind: 'cron', address, text: text.trim(), ...(turnId !== null && { turnId }) }, maxLengthOn(address.platform))
}
