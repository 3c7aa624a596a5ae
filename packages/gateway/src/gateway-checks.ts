import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { PlatformStatus } from '@talaria/core/contracts'
import type { HealthCheck } from '@talaria/core/http'
import type { Databases, GatewayStores } from '@talaria/db'
import type { Runner } from './turns/runner.ts'

/** Below this the next day may not be stored. */
const LOW_DISK_BYTES = 500 * 1024 * 1024

export interface GatewayChecksOptions {
  readonly databases: Databases
  readonly stores: GatewayStores
  readonly runner: Runner
  /** Those that somebody wants to work. */
  readonly platforms: () => readonly PlatformStatus[]
  /** Variables that let everybody on a platform talk to the agent. */
  readonly openToAll: () => readonly string[]
}

/** What a gateway cannot do without, each tried for real. */
export function gatewayChecks({ databases, stores, runner, platforms, openToAll }: GatewayChecksOptions): readonly HealthCheck[] {
  return [
    { name: 'session store', run: async () => void (await stores.sessions.list({ all: true }, { limit: 1 })) },
    {
      name: 'write',
      async run() {
        if (!(await stores.runners.heartbeat(runner.id))) return { status: 'degraded', detail: 'this gateway is not registered yet' }
      },
    },
    {
      name: 'integrity',
      async run() {
        const [status] = databases.status()
        if (status?.damage) throw new Error(`${status.file} is damaged and read-only: ${status.damage.reason}`)
        if (status && status.journalMode !== 'wal')
          return { status: 'degraded', detail: `the file system refused a write-ahead log; journal mode is ${status.journalMode}` }
        return { status: 'ok', detail: status?.lastCheck ? `last check ${new Date(status.lastCheck.at).toISOString()}` : 'not checked since the start' }
      },
    },
    {
      name: 'disk',
      async run() {
        const file = databases.status()[0]?.file
        if (file === undefined) return { status: 'ok' }
        const { bavail, bsize } = await statfs(dirname(file))
        const free = `${Math.round((bavail * bsize) / 1024 / 1024)} MB free`
        return { status: bavail * bsize < LOW_DISK_BYTES ? 'degraded' : 'ok', detail: free }
      },
    },
    {
      name: 'platforms',
      async run() {
        const troubled = platforms().filter(({ state }) => state !== 'connected' && state !== 'disabled')
        const troubles = troubled.map(({ name, state, reason }) => `${name} is ${state}${reason ? `: ${reason}` : ''}`)
        const open = openToAll().map((setting) => `everybody may talk to the agent, because ${setting} is set`)
        if (troubles.length + open.length > 0) return { status: 'degraded', detail: [...troubles, ...open].join('; ') }
      },
    },
  ]
}
