import type { Agent } from '@talaria/agent'
import type { Clock, Log } from '@talaria/core'
import type { ChatAddress, GatewayStores, TaskOrigin } from '@talaria/db'
import type { MediaCache } from '../chats/media-cache.ts'
import type { PlatformControl } from '../routes/platforms.ts'
import type { Reload } from '../reload.ts'
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
  readonly platforms: PlatformControl
  /** Absent where nothing runs on a schedule. */
  readonly cron?: CommandCron
  /** Absent where there are no boards. */
  readonly kanban?: CommandKanban
  /** Ends the process so that whoever started it starts it again; absent where nobody would. */
  readonly restart?: () => void
  /** Reads the settings again; absent where they do not come from files. */
  readonly reload?: Reload
  /** Where files are kept that go with a reply. */
  readonly files: Pick<MediaCache, 'keep'>
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

/** Who asks something of the boards of tasks, and where. */
export interface CommandKanbanSource {
  /** `chat:telegram:bot:42`. */
  readonly actor: string
  /** Where tasks come from that it makes; their chat is told what becomes of them. */
  readonly origin: TaskOrigin
  readonly isAdmin: boolean
  /** How the command is typed there, for its help. */
  readonly name: string
}

/** What answers `/kanban …`: the line after it gives Markdown. The kanban package has it; the process hands it in. */
export type CommandKanban = (line: string, source: CommandKanbanSource) => Promise<string>

/** What commands do to jobs. By id or name; `false` when there is none of it. */
export interface CommandCron {
  list(): Promise<readonly CommandCronJob[]>
  /** Makes a job whose output goes to `origin`; resolves with why not, in a sentence, when it cannot be. */
  add(job: { readonly schedule: string; readonly prompt: string; readonly owner: string; readonly origin?: ChatAddress }): Promise<CommandCronJob | string>
  run(job: string): Promise<boolean>
  pause(job: string): Promise<boolean>
  resume(job: string): Promise<boolean>
}
