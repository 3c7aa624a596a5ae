import type { PlatformDefinition } from './definition.ts'
import { discord } from './discord/discord.ts'
import { slack } from './slack/slack.ts'
import { feishu } from './feishu/feishu.ts'
import { telegram } from './telegram/telegram.ts'
import { email } from './email/email.ts'
import { irc } from './irc/irc.ts'
import { ntfy } from './ntfy/ntfy.ts'
import { webhook } from './webhook/webhook.ts'

/** Every chat service we know, in the order in which they are shown. A new one is a new entry here and in the settings below. */
export const PLATFORMS: readonly PlatformDefinition[] = [telegram, discord, slack, feishu, email, webhook, ntfy, irc]

/** The settings of all of them, for the gateway's own table. */
export const platformSettings = {
  ...telegram.settings,
  ...discord.settings,
  ...slack.settings,
  ...feishu.settings,
  ...email.settings,
  ...webhook.settings,
  ...ntfy.settings,
  ...irc.settings,
}
