import { definePlatform } from '../definition.ts'
import { fingerprintOf } from '../fingerprint-of.ts'
import { slackSettings } from './slack-settings.ts'

/** Slack, by an app: channels, threads and direct messages, by socket mode or by signed requests. */
export const slack = definePlatform({
  name: 'slack',
  label: 'Slack',
  settings: slackSettings,
  plan({ slackBotToken, slackAppToken, slackSigningSecret }) {
    const isUnset = slackBotToken === undefined && slackAppToken === undefined && slackSigningSecret === undefined
    if (isUnset) return { state: 'not_configured', reason: 'Set SLACK_BOT_TOKEN, and SLACK_APP_TOKEN or SLACK_SIGNING_SECRET, see docs/platforms/slack.md.' }
    if (slackBotToken === undefined) return { state: 'misconfigured', reason: 'SLACK_BOT_TOKEN is missing: the token that begins with xoxb-.' }
    if (!slackBotToken.startsWith('xoxb-')) return { state: 'misconfigured', reason: 'SLACK_BOT_TOKEN is no bot token: it does not begin with xoxb-.' }
    if (slackAppToken !== undefined && !slackAppToken.startsWith('xapp-')) {
      return { state: 'misconfigured', reason: 'SLACK_APP_TOKEN is no app-level token: it does not begin with xapp-.' }
    }
    if (slackAppToken === undefined && slackSigningSecret === undefined) {
      return { state: 'misconfigured', reason: 'Set SLACK_APP_TOKEN for socket mode, or SLACK_SIGNING_SECRET to have Slack deliver over HTTP.' }
    }
    return { state: 'ready' }
  },
  accountOf: ({ slackBotToken = '' }) => fingerprintOf(slackBotToken),
  async connect(settings, context) {
    const { connectSlack } = await import('./connect-slack.ts')
    return connectSlack(settings, context)
  },
})
