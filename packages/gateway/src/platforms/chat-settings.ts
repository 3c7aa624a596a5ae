import { applying, flag, oneOf, text, type Setting } from '@talaria/core/config'
import { allowedIds } from './allowed-ids.ts'

type Settings<Key extends string> = {
  readonly [Name in `${Key}AllowedUsers` | `${Key}AllowedChats` | `${Key}AdminUsers`]: Setting<readonly string[]>
} & {
  readonly [Name in `${Key}AllowAllUsers` | `${Key}RequireMention`]: Setting<boolean>
} & {
  readonly [Name in `${Key}AllowBots`]: Setting<'none' | 'mentions' | 'all'>
} & {
  readonly [Name in `${Key}BusyMode`]: Setting<'queue' | 'steer' | 'interrupt' | 'reject'>
} & {
  readonly [Name in `${Key}HomeChannel` | `${Key}HomeChannelThreadId`]: Setting<string | undefined>
}

/**
 * What can be set of every chat service alike: who may talk to it, and how. `key` is how code calls the service
 * (`telegram`), `env` how its variables begin (`TELEGRAM`), `label` how people write it.
 */
export function chatSettings<const Key extends string>(key: Key, env: string, label: string): Settings<Key> {
  const at = (name: string) => `platforms.${key}.${name}`
  const ids = (what: 'user' | 'chat') => allowedIds(what, `${env}_ALLOW_ALL_USERS`)
  const settings = {
    [`${key}AllowedUsers`]: {
      env: `${env}_ALLOWED_USERS`,
      file: at('allowed_users'),
      schema: ids('user'),
      fallback: [],
      help: `Ids of those who may talk to the agent on ${label}; nobody else may, unless they are paired.`,
    },
    [`${key}AllowedChats`]: {
      env: `${env}_GROUP_ALLOWED_CHATS`,
      file: at('group_allowed_chats'),
      schema: ids('chat'),
      fallback: [],
      help: `Ids of chats on ${label} in which everybody may talk to the agent.`,
    },
    [`${key}AdminUsers`]: {
      env: `${env}_ADMIN_USERS`,
      file: at('admin_users'),
      schema: ids('user'),
      fallback: [],
      help: `Ids of those who may use commands that change the gateway on ${label}. Without any, those may who are allowed by their own id or paired.`,
    },
    [`${key}AllowAllUsers`]: {
      env: `${env}_ALLOW_ALL_USERS`,
      file: at('allow_all_users'),
      schema: flag(),
      fallback: false,
      help: `Lets everybody on ${label} talk to the agent. Health says so while it is on.`,
    },
    [`${key}RequireMention`]: {
      env: `${env}_REQUIRE_MENTION`,
      file: at('require_mention'),
      schema: flag(),
      fallback: true,
      help: `In groups on ${label}, answer only when mentioned or replied to.`,
    },
    [`${key}AllowBots`]: {
      env: `${env}_ALLOW_BOTS`,
      file: at('allow_bots'),
      schema: oneOf('none', 'mentions', 'all'),
      fallback: 'none',
      help: `Which messages of other bots on ${label} are answered.`,
    },
    [`${key}BusyMode`]: {
      env: `${env}_BUSY_MODE`,
      file: at('busy_mode'),
      schema: oneOf('queue', 'steer', 'interrupt', 'reject'),
      fallback: 'queue',
      help: `What a message on ${label} does that comes while an answer is being written.`,
    },
    [`${key}HomeChannel`]: {
      env: `${env}_HOME_CHANNEL`,
      file: at('home_channel'),
      schema: text('an id of a chat').optional(),
      help: `The chat on ${label} where messages go that answer nobody, such as those of cron jobs.`,
    },
    [`${key}HomeChannelThreadId`]: {
      env: `${env}_HOME_CHANNEL_THREAD_ID`,
      file: at('home_channel_thread_id'),
      schema: text('an id of a thread').optional(),
      help: `The thread in that chat.`,
    },
  }
  return applying('at_once', settings) as unknown as Settings<Key>
}
