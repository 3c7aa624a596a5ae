import type { GatewayDispatchPayload } from 'discord.js'
import type { ConnectContext } from '../definition.ts'
import { HttpClient } from '../http-client.ts'
import { PlatformError } from '../platform-error.ts'
import type { Platform } from '../platform.ts'
import { ChannelDirectory } from './channel-directory.ts'
import type { DiscordContext } from './discord-context.ts'
import { DiscordIntake } from './discord-intake.ts'
import { DiscordPlatform } from './discord-platform.ts'
import type { DiscordSettings } from './discord-settings.ts'
import { offerCommands } from './interactions.ts'
import { openGateway } from './open-gateway.ts'
import { SentMessages } from './sent-messages.ts'

/** Connects to Discord; resolves when its gateway has accepted us. @throws PlatformError */
export async function connectDiscord(settings: DiscordSettings, connect: ConnectContext): Promise<Platform> {
  const http = connect.resources.use(new HttpClient())
  const early: GatewayDispatchPayload[] = []
  let intake: DiscordIntake | undefined
  const gateway = await openGateway({
    settings,
    http,
    context: connect,
    // The first events come with the acceptance, a moment before we know who we are.
    onDispatch: (packet) => (intake ? intake.take(packet) : void early.push(packet)),
  })
  const { client } = gateway
  if (!client.user) throw new PlatformError('internal', 'Discord accepted us without saying as whom.')
  const { receive, signal, clock, log, lost } = connect
  const context: DiscordContext = { receive, signal, clock, log, settings, us: client.user.id, rest: client.rest, http, channels: new ChannelDirectory(client) }
  const sent = new SentMessages()
  intake = new DiscordIntake(context, { sent, lost })
  for (const packet of early.splice(0)) intake.take(packet)
  if (client.application) {
    offerCommands(client.rest, client.application.id, settings.discordSlashCommands).catch((error: unknown) => {
      log.warn({ err: error, platform: 'discord' }, 'Discord was not told which slash commands there are; as text they work.')
    })
  }
  return new DiscordPlatform({ context, gateway, sent, lost })
}
