import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { until } from '@talaria/core/testing'
import type { Gateway } from './gateway.ts'

/** What a gateway has open, counted by kind, as the kernel tells it; the gateway itself is not asked. */
export interface OpenOf {
  readonly database: number
  readonly socket: number
  readonly pipe: number
  readonly file: number
  readonly other: number
}

const QUIET_MS = 15_000
const SETTLE_MS = 100
const LISTENING = '0A'

/** What it has open now. */
export function openOf({ process, home }: Gateway): OpenOf {
  const open = { database: 0, socket: 0, pipe: 0, file: 0, other: 0 }
  for (const target of process.descriptors()) {
    if (target.startsWith('socket:')) open.socket++
    else if (target.startsWith('pipe:')) open.pipe++
    else if (!target.startsWith('/')) open.other++
    else if (target.startsWith(home)) open.database++
    else open.file++
  }
  return open
}

/** What it has open once the connections of its clients are gone: ours must have been closed before. */
export async function quietOpenOf(gateway: Gateway): Promise<OpenOf> {
  let before: OpenOf | undefined
  return until('no client is connected any more', QUIET_MS, async () => {
    const open = connectionsOf(gateway.url) === 0 ? openOf(gateway) : undefined
    // A connection that was reset is gone for the kernel before its process has heard of it.
    const isSteady = open !== undefined && isDeepStrictEqual(open, before)
    before = open
    if (!isSteady) await sleep(SETTLE_MS)
    return isSteady && open
  })
}

/** How many connections that port holds, in whatever state; see proc(5), /proc/net/tcp. */
function connectionsOf(url: string): number {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0')
  const rows = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1)
  return rows.filter((row) => {
    const [, local = '', , state, , , , , , inode] = row.trim().split(/\s+/)
    // Without an inode nobody holds it: the kernel only remembers that it was there.
    return local.endsWith(`:${port}`) && state !== LISTENING && inode !== '0'
  }).length
}
