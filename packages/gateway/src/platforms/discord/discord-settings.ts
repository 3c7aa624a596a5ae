import { flag, integer, list, text, url, type Setting, type SettingsOf } from '@talaria/core/config'
import { chatSettings } from '../chat-settings.ts'

const channelIds = () => list(text('an id of a channel'))

/** Everything that can be set of Discord. */
export const discordSettings = {
  discordBotToken: {
    env: 'DISCORD_BOT_TOKEN',
    schema: text('a token of a bot').optional(),
    secret: true,
    help: 'The token of the bot, from the developer portal. It alone enables Discord.',
  } as Setting<string | undefined>,
  discordApiRoot: {
    env: 'DISCORD_API_ROOT',
    file: 'platforms.discord.api_root',
    schema: url(),
    fallback: 'https://discord.com/api',
    help: "Discord's API; another address where a proxy stands before it.",
  } as Setting<string>,
  discordAllowedRoles: {
    env: 'DISCORD_ALLOWED_ROLES',
    file: 'platforms.discord.allowed_roles',
    schema: list(text('an id of a role')),
    fallback: [],
    help: 'Ids of roles whose bearers may talk to the agent on Discord servers.',
  } as Setting<readonly string[]>,
  discordAllowedChannels: {
    env: 'DISCORD_ALLOWED_CHANNELS',
    file: 'platforms.discord.allowed_channels',
    schema: channelIds(),
    fallback: [],
    help: 'Ids of the only channels of servers that are listened to, their threads included. Without any, all are.',
  } as Setting<readonly string[]>,
  discordIgnoredChannels: {
    env: 'DISCORD_IGNORED_CHANNELS',
    file: 'platforms.discord.ignored_channels',
    schema: channelIds(),
    fallback: [],
    help: 'Ids of channels that are not listened to, their threads included.',
  } as Setting<readonly string[]>,
  discordFreeResponseChannels: {
    env: 'DISCORD_FREE_RESPONSE_CHANNELS',
    file: 'platforms.discord.free_response_channels',
    schema: channelIds(),
    fallback: [],
    help: 'Ids of channels in which people need not mention the bot.',
  } as Setting<readonly string[]>,
  discordAutoThread: {
    env: 'DISCORD_AUTO_THREAD',
    file: 'platforms.discord.auto_thread',
    schema: flag(),
    fallback: true,
    help: 'Answer a message in a text channel of a server in a thread that begins with it.',
  } as Setting<boolean>,
  discordNoThreadChannels: {
    env: 'DISCORD_NO_THREAD_CHANNELS',
    file: 'platforms.discord.no_thread_channels',
    schema: channelIds(),
    fallback: [],
    help: 'Ids of channels in which no such threads are begun.',
  } as Setting<readonly string[]>,
  discordMissedMessageBackfill: {
    env: 'DISCORD_MISSED_MESSAGE_BACKFILL',
    file: 'platforms.discord.missed_message_backfill',
    schema: flag(),
    fallback: true,
    help: 'Fetch what was written while the gateway was not connected.',
  } as Setting<boolean>,
  discordMissedMessageBackfillWindow: {
    env: 'DISCORD_MISSED_MESSAGE_BACKFILL_WINDOW_SECONDS',
    file: 'platforms.discord.missed_message_backfill_window_seconds',
    schema: integer({ min: 1, max: 86_400 }),
    fallback: 3_600,
    help: 'How old, in seconds, what is fetched so may be. What was answered already is not answered again for at least a day.',
  } as Setting<number>,
  discordMissedMessageBackfillLimit: {
    env: 'DISCORD_MISSED_MESSAGE_BACKFILL_LIMIT',
    file: 'platforms.discord.missed_message_backfill_limit',
    schema: integer({ min: 1, max: 100 }),
    fallback: 50,
    help: 'How many messages of one channel are fetched so.',
  } as Setting<number>,
  discordSlashCommands: {
    env: 'DISCORD_SLASH_COMMANDS',
    file: 'platforms.discord.slash_commands',
    schema: list(text('a name of a command')),
    fallback: ['new', 'stop', 'retry', 'undo', 'status', 'model', 'title', 'queue', 'help'],
    help: 'Commands that Discord offers when somebody types a slash; the others can be written as text.',
  } as Setting<readonly string[]>,
  ...chatSettings('discord', 'DISCORD', 'Discord'),
}

/** Discord as it was set. */
export type DiscordSettings = SettingsOf<typeof discordSettings>
