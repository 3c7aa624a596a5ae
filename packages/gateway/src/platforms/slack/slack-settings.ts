import { flag, list, text, url, type Setting, type SettingsOf } from '@talaria/core/config'
import { chatSettings } from '../chat-settings.ts'

const channelIds = () => list(text('an id of a channel'))

/** Everything that can be set of Slack. */
export const slackSettings = {
  slackBotToken: {
    env: 'SLACK_BOT_TOKEN',
    schema: text('a token that begins with xoxb-').optional(),
    secret: true,
    help: 'The bot token of the Slack app. Needed besides it: SLACK_APP_TOKEN or SLACK_SIGNING_SECRET.',
  } as Setting<string | undefined>,
  slackAppToken: {
    env: 'SLACK_APP_TOKEN',
    schema: text('a token that begins with xapp-').optional(),
    secret: true,
    help: 'The app-level token of the Slack app. With it the gateway connects to Slack by socket mode, and needs no public address.',
  } as Setting<string | undefined>,
  slackSigningSecret: {
    env: 'SLACK_SIGNING_SECRET',
    schema: text('the signing secret of the app').optional(),
    secret: true,
    help: 'What Slack signs its requests with. Without SLACK_APP_TOKEN, Slack delivers to /platforms/slack/events.',
  } as Setting<string | undefined>,
  slackApiRoot: {
    env: 'SLACK_API_ROOT',
    file: 'platforms.slack.api_root',
    schema: url(),
    fallback: 'https://slack.com/api',
    help: "Slack's Web API; another address where a proxy stands before it.",
  } as Setting<string>,
  slackAllowedChannels: {
    env: 'SLACK_ALLOWED_CHANNELS',
    file: 'platforms.slack.allowed_channels',
    schema: channelIds(),
    fallback: [],
    help: 'Ids of the only channels on Slack that are listened to. Without any, all are that the bot is in.',
  } as Setting<readonly string[]>,
  slackIgnoredChannels: {
    env: 'SLACK_IGNORED_CHANNELS',
    file: 'platforms.slack.ignored_channels',
    schema: channelIds(),
    fallback: [],
    help: 'Ids of channels on Slack that are not listened to.',
  } as Setting<readonly string[]>,
  slackFreeResponseChannels: {
    env: 'SLACK_FREE_RESPONSE_CHANNELS',
    file: 'platforms.slack.free_response_channels',
    schema: channelIds(),
    fallback: [],
    help: 'Ids of channels on Slack in which people need not mention the bot.',
  } as Setting<readonly string[]>,
  slackDisableDms: {
    env: 'SLACK_DISABLE_DMS',
    file: 'platforms.slack.disable_dms',
    schema: flag(),
    fallback: false,
    help: 'Do not listen to direct messages on Slack.',
  } as Setting<boolean>,
  slackReplyInThread: {
    env: 'SLACK_REPLY_IN_THREAD',
    file: 'platforms.slack.reply_in_thread',
    schema: flag(),
    fallback: true,
    help: 'Answer a message in a channel in a thread that begins with it.',
  } as Setting<boolean>,
  ...chatSettings('slack', 'SLACK', 'Slack'),
}

/** Slack as it was set. */
export type SlackSettings = SettingsOf<typeof slackSettings>
