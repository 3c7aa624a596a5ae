import { join } from 'node:path'
import { openTranscriber, type Agent, type Transcriber } from '@talaria/agent'
import type { Clock, HomePaths, Log } from '@talaria/core'
import type { GatewayStores } from '@talaria/db'
import { createAuthorize } from './chats/authorize.ts'
import { BotLoops } from './chats/authorize-bot-loops.ts'
import { DenialCounts } from './chats/authorize-denials.ts'
import { accessPolicyOf } from './chats/authorize-policy.ts'
import { Chats } from './chats/chats.ts'
import { MediaCache } from './chats/media-cache.ts'
import { transcriberSettingsOf } from './chats/transcriber-settings.ts'
import type { CommandCron, CommandKanban } from './commands/command-services.ts'
import { createCommands, type Commands } from './commands/commands.ts'
import { roomForText } from './delivery/duplicate-label.ts'
import { homeChannelOf } from './delivery/home-channel-of.ts'
import { WorkPause } from './commands/work-pause.ts'
import { Notifications } from './notifications/notifications.ts'
import { Pairing } from './pairing/pairing.ts'
import type { PlatformSupervisors } from './platforms/supervisors.ts'
import type { Reload } from './reload.ts'
import type { PlatformControl } from './routes/platforms.ts'
import type { GatewaySettings } from './settings.ts'
import type { Runner } from './turns/runner.ts'
import type { Turns } from './turns/turns.ts'

export interface GatewayChatsOptions {
  readonly stores: GatewayStores
  readonly turns: Turns
  readonly runner: Runner
  readonly agent: Agent
  readonly supervisors: PlatformSupervisors
  readonly platforms: PlatformControl
  readonly settings: GatewaySettings
  readonly paths: HomePaths
  readonly version: string
  readonly startedAt: number
  readonly cron?: CommandCron
  readonly kanban?: CommandKanban
  readonly restart?: () => void
  readonly reload?: Reload
  readonly clock: Clock
  readonly log: Log
}

/** What stands between chat platforms and turns. */
export interface GatewayChats {
  readonly chats: Chats
  readonly commands: Commands
  readonly pairing: Pairing
  readonly denials: DenialCounts
  /** By what other services tell chats of. */
  readonly notifications: Notifications
  /** To be disposed after the chats; connects when the first voice note comes. */
  readonly transcriber: Transcriber | undefined
}

/** Puts together who may talk to the agent, what commands do, and how conversations go. Opens nothing. */
export function createGatewayChats(options: GatewayChatsOptions): GatewayChats {
  const { stores, supervisors, settings, paths, clock, log } = options
  const { modelName } = settings
  const cacheDir = join(paths.home, 'cache')
  const cache = new MediaCache(cacheDir, clock)
  const pairing = new Pairing({ store: stores.pairing, clock, log })
  const denials = new DenialCounts()
  const transcription = transcriberSettingsOf(settings)
  const transcriber = transcription && openTranscriber(transcription, { clock })
  const workPause = new WorkPause(stores.platforms)
  const commands = createCommands({
    ...options,
    modelName,
    get personalities() {
      return settings.personalities
    },
    workPause,
    files: cache,
  })
  const chats = new Chats({
    ...options,
    platforms: supervisors.all.map(({ name }) => name),
    connected: (name) => supervisors.connected(name),
    configuredHome: (name) => homeChannelOf(settings, name),
    authorize: createAuthorize({
      policyOf: (platform) => accessPolicyOf(settings, platform),
      pairing,
      botLoops: new BotLoops(clock),
      denials,
      log,
    }),
    commands,
    policyOf: (platform) => ({
      sharing: { groups: settings.groupSessions, threads: settings.threadSessions },
      busyMode: busyModeOf(settings, platform),
      reset: settings.sessionResetOn[platform] ?? settings.sessionReset,
    }),
    isPaused: () => workPause.isOn(),
    cache,
    ...(transcriber && { transcriber }),
    // Looked at with every answer, as settings may change.
    get maxAttachmentBytes() {
      return settings.maxAttachmentMegabytes * 1024 * 1024
    },
    get paths() {
      return { roots: [cacheDir, ...settings.sendableFolders] }
    },
    get personalities() {
      return settings.personalities
    },
    modelName,
  })
  const notifications = new Notifications({
    stores,
    turns: options.turns,
    runner: options.runner,
    wake: (sessionKey) => chats.wake(sessionKey),
    cache,
    platforms: supervisors.all.map(({ name }) => name),
    roomOn: (platform) => roomForText(supervisors.connected(platform)?.capabilities.maxLength),
    sharing: { groups: settings.groupSessions, threads: settings.threadSessions },
    modelName,
    clock,
  })
  return { chats, commands, pairing, denials, notifications, transcriber }
}

/** Of `chatSettings`; platforms that have none queue. */
function busyModeOf(settings: Readonly<Record<string, unknown>>, platform: string) {
  return (settings[`${platform}BusyMode`] ?? 'queue') as 'queue' | 'steer' | 'interrupt' | 'reject'
}
