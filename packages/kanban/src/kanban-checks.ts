import { statfs } from 'node:fs/promises'
import type { HealthCheck } from '@talaria/core/http'
import type { Databases } from '@talaria/db'
import type { Dispatcher } from './dispatcher/dispatcher.ts'
import type { KanbanControl } from './routes/kanban-control.ts'

/** Below this the next day may not be stored. */
const LOW_DISK_BYTES = 500 * 1_024 * 1_024

export interface KanbanChecksOptions {
  readonly databases: Databases
  readonly dispatcher: Dispatcher
  readonly control: KanbanControl
  readonly home: string
}

/** What the kanban service cannot do without, each tried for real. */
export function kanbanChecks({ databases, dispatcher, control, home }: KanbanChecksOptions): readonly HealthCheck[] {
  return [
    {
      name: 'boards',
      async run() {
        const listed = await databases.boards.list()
        const ill = listed.filter((board) => 'reason' in board)
        if (ill.length > 0 && ill.length === listed.length) throw new Error(ill.map(({ slug, reason }) => `${slug}: ${reason}`).join('; '))
        if (ill.length > 0) return { status: 'degraded', detail: ill.map(({ slug, reason }) => `${slug}: ${reason}`).join('; ') }
        return { status: 'ok', detail: `${listed.length} boards` }
      },
    },
    {
      name: 'write',
      async run() {
        const damaged = databases.status().filter(({ damage }) => damage)
        if (damaged.length > 0) return { status: 'degraded', detail: damaged.map(({ name, damage }) => `${name} is read-only: ${damage!.reason}`).join('; ') }
      },
    },
    {
      name: 'dispatcher',
      async run() {
        const { running, maxRunning, memoryPressure } = await control.status()
        const detail = `${running} of ${maxRunning} workers`
        if (control.isPaused()) return { status: 'degraded', detail: 'paused: nothing is begun until it is resumed' }
        if (!dispatcher.isLooking) throw new Error('it has not looked at the boards for longer than it may')
        return memoryPressure === 'none' ? { status: 'ok', detail } : { status: 'degraded', detail: `${detail}; memory pressure is ${memoryPressure}` }
      },
    },
    {
      name: 'disk',
      async run() {
        const { bavail, bsize } = await statfs(home)
        const free = `${Math.round((bavail * bsize) / 1_024 / 1_024)} MB free`
        return { status: bavail * bsize < LOW_DISK_BYTES ? 'degraded' : 'ok', detail: free }
      },
    },
  ]
}
