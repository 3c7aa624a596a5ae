import { resolve } from 'node:path'
import { agentSettingsTable } from '@talaria/agent/settings'
import { applying, defineSettings, duration, flag, integer, list, oneOf, port, text, type SettingsOf } from '@talaria/core/config'
import { isTimezone } from '@talaria/core/schedule'
import { z } from 'zod'
import { conversationSettings } from './chats/conversation-settings.ts'
import { platformSettings } from './platforms/definitions.ts'
import { allowedIds } from './platforms/allowed-ids.ts'

const kept = () => z.union([oneOf('forever'), duration()]).meta({ description: 'a duration with its unit, such as 30d, or forever', unit: 'ms' })

const every = () => z.union([oneOf('never'), duration()]).meta({ description: 'a duration with its unit, such as 1d, or never', unit: 'ms' })

/** Everything that can be set of a gateway: for its loader, `--help`, and the documentation, which a test compares. */
export const gatewaySettings = defineSettings({
  apiServerHost: {
    env: 'API_SERVER_HOST',
    file: 'gateway.api_server.host',
    schema: text('a host name or address'),
    fallback: '127.0.0.1',
    help: 'Address to listen on.',
  },
  apiServerPort: {
    env: 'API_SERVER_PORT',
    file: 'gateway.api_server.port',
    schema: port(),
    fallback: 8642,
    help: 'Port to listen on; 0 has the system choose one.',
  },
  apiServerEnabled: {
    env: 'API_SERVER_ENABLED',
    file: 'gateway.api_server.enabled',
    schema: flag().optional(),
    help: 'Whether to serve the HTTP API. A key alone enables it; false wins over the key.',
  },
  apiServerKey: {
    env: 'API_SERVER_KEY',
    schema: text('a secret of at least 16 characters').optional(),
    secret: true,
    help: 'The root key of the HTTP API: at least 16 random characters, for example from: openssl rand -hex 32.',
  },
  corsOrigins: {
    env: 'API_SERVER_CORS_ORIGINS',
    file: 'gateway.api_server.cors_origins',
    schema: list(text('an origin such as https://chat.example.org')),
    fallback: [],
    help: 'Origins of web pages that may use the API from a browser; * allows all.',
  },
  allowedHosts: {
    env: 'API_SERVER_ALLOWED_HOSTS',
    file: 'gateway.api_server.allowed_hosts',
    schema: list(text('a host name')),
    fallback: [],
    help: 'Names besides localhost under which the gateway may be called while it listens on this machine only.',
  },
  modelName: {
    env: 'API_SERVER_MODEL_NAME',
    file: 'gateway.api_server.model_name',
    schema: text('a name'),
    fallback: 'talaria',
    help: 'The name under which clients see the default model.',
  },
  maxConcurrentRuns: {
    env: 'API_SERVER_MAX_CONCURRENT_RUNS',
    file: 'gateway.api_server.max_concurrent_runs',
    schema: integer({ min: 0 }),
    fallback: 1024,
    help: 'Runs under way at once; one more is refused with 429. 0 is no limit.',
  },
  keepAlive: {
    env: 'API_SERVER_STREAM_KEEPALIVE',
    file: 'gateway.api_server.stream_keepalive',
    schema: duration(),
    fallback: 30_000,
    help: 'On a quiet stream a comment line is sent this often, so that proxies do not close it.',
  },
  responsesKept: {
    env: 'TALARIA_RESPONSES_KEPT',
    file: 'gateway.retention.responses',
    schema: kept(),
    fallback: 30 * 86_400_000,
    help: 'How long responses of /v1/responses are kept.',
  },
  runsKept: {
    env: 'TALARIA_RUNS_KEPT',
    file: 'gateway.retention.runs',
    schema: kept(),
    fallback: 30 * 86_400_000,
    help: 'How long runs and their events are kept after their end; what was said in them stays.',
  },
  sessionsKept: {
    env: 'TALARIA_SESSIONS_KEPT',
    file: 'gateway.retention.sessions',
    schema: kept(),
    fallback: 'forever',
    help: 'How long sessions are kept after their last message; pinned ones always are.',
  },
  integrityCheckEvery: {
    env: 'TALARIA_INTEGRITY_CHECK_EVERY',
    file: 'gateway.integrity_check_every',
    schema: every(),
    fallback: 86_400_000,
    help: 'How often the database is looked through for damage, in a process of its own.',
  },
  shutdownGrace: {
    env: 'TALARIA_SHUTDOWN_GRACE',
    file: 'gateway.shutdown_grace',
    schema: duration(),
    fallback: 20_000,
    help: 'How long runs under way may take to end when the gateway is stopped.',
  },
  gatewayAllowedUsers: {
    env: 'GATEWAY_ALLOWED_USERS',
    file: 'gateway.allowed_users',
    schema: allowedIds('user', 'GATEWAY_ALLOW_ALL_USERS'),
    fallback: [],
    help: 'Ids of those who may talk to the agent on every chat platform, beside those of each platform.',
    applies: 'at_once',
  },
  gatewayAllowAllUsers: {
    env: 'GATEWAY_ALLOW_ALL_USERS',
    file: 'gateway.allow_all_users',
    schema: flag(),
    fallback: false,
    help: 'Lets everybody on every chat platform talk to the agent. Health says so while it is on.',
    applies: 'at_once',
  },
  kanbanChatTools: {
    env: 'KANBAN_CHAT_TOOLS',
    file: 'gateway.kanban_chat_tools',
    schema: flag(),
    fallback: true,
    help: 'Whether the agent that people chat with can make tasks of the board and look after them.',
  },
  cronEnabled: {
    env: 'TALARIA_CRON',
    file: 'cron.enabled',
    schema: flag(),
    fallback: true,
    help: 'Whether this gateway fires jobs. Of several gateways on one home each time is fired by one.',
  },
  cronMaxParallel: {
    env: 'TALARIA_CRON_MAX_PARALLEL',
    file: 'cron.max_parallel',
    schema: integer({ min: 1 }),
    fallback: 4,
    help: 'Runs of jobs at once, of all gateways of a home; the others wait in a queue.',
  },
  cronTimezone: {
    env: 'TALARIA_TIMEZONE',
    file: 'cron.timezone',
    schema: timezone().optional(),
    help: "The time zone of jobs that name none, such as Europe/Berlin; the system's unless set.",
  },
  cronTimeout: {
    env: 'TALARIA_CRON_TIMEOUT',
    file: 'cron.timeout',
    schema: duration(),
    fallback: 30 * 60_000,
    help: 'How long a run of a job may take, unless the job says otherwise.',
  },
  cronRunsKept: {
    env: 'TALARIA_CRON_RUNS_KEPT',
    file: 'cron.runs_kept',
    schema: kept(),
    fallback: 90 * 86_400_000,
    help: 'How long runs of jobs are kept after their end; the last 20 of each job always are.',
  },
  logLevel: {
    env: 'TALARIA_LOG_LEVEL',
    file: 'gateway.log_level',
    schema: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    fallback: 'info',
    help: 'What is written to the log.',
    applies: 'at_once',
  },
  logFile: {
    env: 'TALARIA_LOG_FILE',
    file: 'gateway.log_file',
    schema: text('a path; a relative one is within the home').optional(),
    help: 'A file that has the log beside standard error, such as logs/gateway.log; talaria logs reads it. Two gateways need two.',
  },
  logFileMegabytes: {
    env: 'TALARIA_LOG_FILE_MB',
    file: 'gateway.log_file_mb',
    schema: integer({ min: 1, max: 256 }),
    fallback: 20,
    help: 'How large the log file may become, in MiB, before it is put aside and another is begun.',
  },
  logFiles: {
    env: 'TALARIA_LOG_FILES',
    file: 'gateway.log_files',
    schema: integer({ min: 1, max: 100 }),
    fallback: 5,
    help: 'How many log files are kept, the present one included.',
  },

  ...agentSettingsTable,
  ...conversationSettings,
  ...applying('by_reconnecting', platformSettings),
})

export type GatewaySettings = SettingsOf<typeof gatewaySettings>

/** Where the log file is, as an absolute path; `undefined` when none is wanted. */
export function logFileOf({ logFile }: Pick<GatewaySettings, 'logFile'>, home: string): string | undefined {
  return logFile === undefined ? undefined : resolve(home, logFile)
}

/** The name of a time zone that the system knows. */
function timezone(): z.ZodType<string> {
  return text('an IANA time zone such as Europe/Berlin').refine(isTimezone, { error: 'expected an IANA time zone such as Europe/Berlin' })
}
