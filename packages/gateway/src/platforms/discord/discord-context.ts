import type { REST } from 'discord.js'
import type { ConnectContext } from '../definition.ts'
import type { HttpClient } from '../http-client.ts'
import type { ChannelDirectory } from './channel-directory.ts'
import type { DiscordSettings } from './discord-settings.ts'

/** What the parts of one connection to Discord share. */
export interface DiscordContext extends Pick<ConnectContext, 'receive' | 'signal' | 'clock' | 'log'> {
  readonly settings: DiscordSettings
  /** The id of the bot's user. */
  readonly us: string
  readonly rest: REST
  readonly http: HttpClient
  readonly channels: ChannelDirectory
}
