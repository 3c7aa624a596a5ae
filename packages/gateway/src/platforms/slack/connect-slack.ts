import type { ConnectContext } from '../definition.ts'
import { HttpClient } from '../http-client.ts'
import { PlatformError } from '../platform-error.ts'
import type { Platform } from '../platform.ts'
import { answerRequest } from './answer-request.ts'
import { openSocket } from './open-socket.ts'
import { createSlackApi } from './slack-api.ts'
import { SlackIntake } from './slack-intake.ts'
import { SlackPlatform } from './slack-platform.ts'
import type { SlackSettings } from './slack-settings.ts'

/** Connects to Slack: by socket mode with an app-level token, else by what Slack posts to us. @throws PlatformError */
export async function connectSlack(settings: SlackSettings, context: ConnectContext): Promise<Platform> {
  const { slackBotToken: token, slackAppToken: appToken, slackSigningSecret: secret, slackApiRoot: apiRoot } = settings
  if (token === undefined) throw new PlatformError('invalid_settings', 'SLACK_BOT_TOKEN is missing.')
  const http = context.resources.use(new HttpClient())
  const api = createSlackApi(token, { apiRoot, http })
  const who = await api(context.signal, (client) => client.auth.test())
  const us = { userId: who.user_id!, ...(who.bot_id !== undefined && { botId: who.bot_id }) }
  const intake = new SlackIntake(us, settings, context)
  if (appToken !== undefined) await openSocket({ appToken, settings, http, context, intake })
  else if (secret !== undefined) context.mount((request) => answerRequest(request, { secret, intake, clock: context.clock, log: context.log }))
  return new SlackPlatform({ us, api, http, apiRoot, token })
}
