import type { BoardStores, Claimed } from '@talaria/db'

/** Has a task run, as a dispatcher would. */
export async function claimTask({ claims }: BoardStores, number: number, now: number): Promise<Claimed> {
  const claimed = await claims.claim(number, {
    dispatcher: 'd1',
    host: 'here',
    now,
    leaseMs: 60_000,
    caps: {},
    executorOf: () => 'twin',
    tokenHash: `hash ${number}`,
  })
  if ('refused' in claimed) throw new Error(`#${number} was not claimed: ${claimed.refused}`)
  return claimed
}
