import { defineSettings, duration, flag, text, url } from '@talaria/core/config'
import { chatSettings } from '../chat-settings.ts'

/** What can be set of ntfy. */
export const ntfySettings = {
  ...defineSettings({
    ntfyTopic: {
      env: 'NTFY_TOPIC',
      file: 'platforms.ntfy.topic',
      schema: text('a topic').optional(),
      help: 'The topic on which the agent is written to. Whoever knows an open topic can write there: choose one that cannot be guessed, or protect it.',
    },
    ntfyServer: {
      env: 'NTFY_SERVER_URL',
      file: 'platforms.ntfy.server_url',
      schema: url(),
      fallback: 'https://ntfy.sh',
      help: 'Address of the ntfy server.',
    },
    ntfyToken: { env: 'NTFY_TOKEN', schema: text('an access token').optional(), secret: true, help: 'Access token for protected topics of ntfy.' },
    ntfyPublishTopic: {
      env: 'NTFY_PUBLISH_TOPIC',
      file: 'platforms.ntfy.publish_topic',
      schema: text('a topic').optional(),
      help: 'The topic on which answers are published: the same as they are asked on, unless set.',
    },
    ntfyMarkdown: {
      env: 'NTFY_MARKDOWN',
      file: 'platforms.ntfy.markdown',
      schema: flag(),
      fallback: false,
      help: 'Whether answers are marked as Markdown, which not all clients of ntfy show.',
    },
    ntfyCatchUp: {
      env: 'NTFY_CATCH_UP',
      file: 'platforms.ntfy.catch_up',
      schema: duration(),
      fallback: 12 * 3_600_000,
      help: 'How old messages may be that are answered after a connection was lost. Servers keep them for 12 hours unless told otherwise.',
    },
  }),
  ...chatSettings('ntfy', 'NTFY', 'ntfy'),
}
