import { createId } from '@talaria/core'
import { sql } from 'kysely'
import type { Transaction } from '../../scope.ts'
import type { GatewayTables } from '../tables.ts'
import { addressColumns, addressOf, isAt } from './address.ts'
import { insertOutbound, outboundOf } from './outbound-rows.ts'

interface Split {
  readonly id: string
  readonly runner: string
  readonly texts: readonly string[]
  readonly now: number
}

/** Cuts a chunk that a runner is sending into several, in its place of the queue. False when it is not this runner's. */
export async function splitOutbound(tx: Transaction<GatewayTables>, { id, runner, texts, now }: Split): Promise<boolean> {
  const [first = '', ...others] = texts
  const row = await tx
    .updateTable('outbound')
    .set({ text: first })
    .where('id', '=', id)
    .where('runner', '=', runner)
    .where('state', '=', 'sending')
    .returningAll()
    .executeTakeFirst()
  if (!row) return false
  // Positions are handed out in order of insertion: what is to come after the parts is inserted again after them.
  const behind = await tx
    .deleteFrom('outbound')
    .where(isAt(addressColumns(addressOf(row))))
    .where('position', '>', row.position)
    .where(sql<boolean>`state in ('pending', 'parked')`)
    .returningAll()
    .execute()
  const { group, address, kind, sessionKey, turnId, silent } = outboundOf(row)
  const parts = others.map((text, index) => ({
    id: createId('out'),
    group,
    chunk: row.chunk + 1 + index,
    address,
    kind,
    text,
    attachments: [],
    ...(sessionKey !== null && { sessionKey }),
    ...(turnId !== null && { turnId }),
    silent,
  }))
  await insertOutbound(tx, parts, now)
  for (const { position: _, ...later } of behind.toSorted((a, b) => a.position - b.position)) {
    const chunk = later.group_id === row.group_id ? later.chunk + others.length : later.chunk
    await tx
      .insertInto('outbound')
      .values({ ...later, chunk })
      .execute()
  }
  return true
}
