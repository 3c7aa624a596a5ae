import type { Agent } from '@talaria/agent'
import type { Clock, Log } from '@talaria/core'
import type { PlatformStatus } from '@talaria/core/contracts'
import type { GatewayStores } from '@talaria/db'
import type { MediaCache } from '../chats/media-cache.ts'
import type { Turns } from '../turns/turns.ts'
import type { WorkPause } from './work-pause.ts'

/** What commands act through. */
export interface CommandServices {
  readonly stores: GatewayStores
  readonly turns: Turns
  readonly agent: Agent
  readonly clock: Clock
  readonly log: Log
  readonly version: string
  readonly startedAt: number
  /** The name of the default model. */
  readonly modelName: string
  /** Instructions by the names under which people choose them. */
  readonly personalities: Readonly<Record<string, string>>
  readonly workPause: WorkPause
  readonly platforms: CommandPlatforms
  /** Absent where nothing runs on a schedule. */
  readonly cron?: CommandCron
  /** Ends the process so that whoever started it starts it again; absent where nobody would. */
  readonly restart?: () => void
  /** Where files are kept that go with a reply. */
  readonly files: Pick<MediaCache, 'keep'>
}

/** What commands do to platforms. Each resolves with `false` when there is no platform of that name. */
export interface CommandPlatforms {
  list(): readonly PlatformStatus[]
  pause(name: string): Promise<boolean>
  resume(name: string): Promise<boolean>
  reconnect(name: string): Promise<boolean>
}

/** A job as a command shows it. */
export interface CommandCronJob {
  readonly id: string
  readonly name: string
  readonly schedule: string
  readonly isPaused: boolean
  /** Milliseconds since the epoch. */
  readonly nextAt: number | undefined
}

/** What commands do to jobs. By id or name; `false` when there is none of it. */
export interface CommandCron {
  list(): Promise<readonly CommandCronJob[]>
  run(job: string): Promise<boolean>
  pause(job: string): Promise<boolean>
  resume(job: string): Promise<boolean>
}
