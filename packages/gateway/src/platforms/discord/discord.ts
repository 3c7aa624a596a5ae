import { definePlatform } from '../definition.ts'
import { fingerprintOf } from '../fingerprint-of.ts'
import { discordSettings } from './discord-settings.ts'

/** Discord, by a bot: servers, threads, forums and direct chats. */
export const discord = definePlatform({
  name: 'discord',
  label: 'Discord',
  settings: discordSettings,
  plan({ discordBotToken }) {
    if (discordBotToken === undefined) return { state: 'not_configured', reason: 'Set DISCORD_BOT_TOKEN to the token of a bot, see docs/platforms/discord.md.' }
    // Discord's tokens have three parts; what has spaces is a placeholder.
    if (/\s/.test(discordBotToken)) return { state: 'misconfigured', reason: 'DISCORD_BOT_TOKEN is not a token: it has spaces.' }
    return { state: 'ready' }
  },
  accountOf: ({ discordBotToken = '' }) => fingerprintOf(discordBotToken),
  async connect(settings, context) {
    const { connectDiscord } = await import('./connect-discord.ts')
    return connectDiscord(settings, context)
  },
})
