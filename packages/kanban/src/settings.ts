import { defineSettings, duration, flag, integer, list, oneOf, port, text, url, type SettingsOf } from '@talaria/core/config'
import { z } from 'zod'
import { WorkerDefinition } from './workers/worker-definition.ts'

/** Everything that can be set of the kanban service: for its loader, `--help`, and the documentation, which a test compares. */
export const kanbanSettings = defineSettings({
  host: {
    env: 'KANBAN_HOST',
    file: 'kanban.host',
    schema: text('a host name or address'),
    fallback: '127.0.0.1',
    help: 'Address to listen on.',
  },
  port: {
    env: 'KANBAN_PORT',
    file: 'kanban.port',
    schema: port(),
    fallback: 8788,
    help: 'Port to listen on. Several dispatchers of one home share it: one has it, another takes it over.',
  },
  key: {
    env: 'KANBAN_KEY',
    schema: text('a secret of at least 16 characters').optional(),
    secret: true,
    help: 'The root key of the HTTP API of boards: at least 16 random characters, for example from: openssl rand -hex 32.',
  },
  allowedHosts: {
    env: 'KANBAN_ALLOWED_HOSTS',
    file: 'kanban.allowed_hosts',
    schema: list(text('a host name')),
    fallback: [],
    help: 'Names besides localhost under which the service may be called while it listens on this machine only.',
  },
  tick: {
    env: 'KANBAN_TICK',
    file: 'kanban.tick',
    schema: duration(),
    fallback: 5_000,
    help: 'How often the dispatcher looks although nothing has told it to; tasks are begun when they are ready, not at a tick.',
  },
  maxRunning: {
    env: 'KANBAN_MAX_RUNNING',
    file: 'kanban.max_running',
    schema: integer({ min: 0, max: 1_000 }).optional(),
    help: 'Workers of this home on this host at once. Unset: one for each 512 MB of memory, from 2 to 8. 0 begins none.',
  },
  maxRunningPerBoard: {
    env: 'KANBAN_MAX_RUNNING_PER_BOARD',
    file: 'kanban.max_running_per_board',
    schema: integer({ min: 1, max: 1_000 }),
    fallback: 6,
    help: 'Workers of one board at once; a board may have its own number.',
  },
  maxRunningPerAssignee: {
    env: 'KANBAN_MAX_RUNNING_PER_ASSIGNEE',
    file: 'kanban.max_running_per_assignee',
    schema: integer({ min: 1, max: 1_000 }),
    fallback: 3,
    help: 'Workers of one assignee at once on one board; an assignee may have its own number.',
  },
  lease: {
    env: 'KANBAN_LEASE',
    file: 'kanban.lease',
    schema: duration(),
    fallback: 60_000,
    help: 'A worker that is not heard of for so long has lost its task.',
  },
  maxRuntime: {
    env: 'KANBAN_MAX_RUNTIME',
    file: 'kanban.max_runtime',
    schema: duration(),
    fallback: 4 * 3_600_000,
    help: 'How long one attempt may take; a task may have its own time.',
  },
  maxAttempts: {
    env: 'KANBAN_MAX_ATTEMPTS',
    file: 'kanban.max_attempts',
    schema: integer({ min: 1, max: 100 }),
    fallback: 3,
    help: 'Attempts in a row that may fail before a task is given up; a board and a task may have their own number.',
  },
  stopGrace: {
    env: 'KANBAN_STOP_GRACE',
    file: 'kanban.stop_grace',
    schema: duration(),
    fallback: 10_000,
    help: 'How long a worker that is to stop may take before it is killed.',
  },
  defaultAssignee: {
    env: 'KANBAN_DEFAULT_ASSIGNEE',
    file: 'kanban.default_assignee',
    schema: text('a name').optional(),
    help: 'Who gets tasks that name nobody; without it they wait for somebody to be named.',
  },
  assignees: {
    env: 'KANBAN_ASSIGNEES',
    file: 'kanban.assignees',
    schema: list(text('a name')).optional(),
    help: 'Assignees that workers are begun for; unset: all.',
  },
  workers: {
    env: 'KANBAN_WORKERS',
    file: 'kanban.workers',
    schema: workers(),
    fallback: {},
    help: 'Who works for an assignee: the built-in agent, a command line, or a service over HTTP. Others get the built-in agent.',
  },
  reviewDispatch: {
    env: 'KANBAN_REVIEW_DISPATCH',
    file: 'kanban.review_dispatch',
    schema: flag(),
    fallback: true,
    help: 'Whether tasks in review that name a reviewer are handed to a worker of that name.',
  },
  autoTriage: {
    env: 'KANBAN_AUTO_TRIAGE',
    file: 'kanban.auto_triage',
    schema: flag(),
    fallback: false,
    help: 'Whether the model specifies and divides tasks in triage by itself; a board may decide for itself.',
  },
  autoTriageAtOnce: {
    env: 'KANBAN_AUTO_TRIAGE_AT_ONCE',
    file: 'kanban.auto_triage_at_once',
    schema: integer({ min: 1, max: 50 }),
    fallback: 3,
    help: 'Tasks in triage that the model is asked about at once.',
  },
  workspaces: {
    env: 'KANBAN_WORKSPACES',
    file: 'kanban.workspaces',
    schema: text('a folder').optional(),
    help: 'Folder in which workspaces are made; workspaces in the home unless set.',
  },
  workspaceQuotaMb: {
    env: 'KANBAN_WORKSPACE_QUOTA_MB',
    file: 'kanban.workspace_quota_mb',
    schema: integer({ min: 0 }),
    fallback: 5_120,
    help: 'Megabytes that a scratch workspace may hold; a worker that goes over it is stopped. 0 is no limit.',
  },
  scratchKept: {
    env: 'KANBAN_SCRATCH_KEPT',
    file: 'kanban.scratch_kept',
    schema: duration(),
    fallback: 0,
    help: 'How long the scratch workspace of a task that has ended is kept.',
  },
  githubToken: {
    env: 'GITHUB_TOKEN',
    schema: text('a token').optional(),
    secret: true,
    help: 'For completions that wait for the checks of a pull request: a token that may read checks and statuses.',
  },
  githubUrl: {
    env: 'GITHUB_API_URL',
    file: 'kanban.github_api_url',
    schema: url(),
    fallback: 'https://api.github.com',
    help: 'Address of the GitHub API; that of an own installation ends with /api/v3.',
  },
  eventsKept: {
    env: 'KANBAN_EVENTS_KEPT',
    file: 'kanban.retention.events',
    schema: duration(),
    fallback: 90 * 86_400_000,
    help: 'How long events of tasks that have ended are kept.',
  },
  transcriptsKept: {
    env: 'KANBAN_TRANSCRIPTS_KEPT',
    file: 'kanban.retention.transcripts',
    schema: duration(),
    fallback: 30 * 86_400_000,
    help: 'How long transcripts and logs of workers are kept.',
  },
  deletedKept: {
    env: 'KANBAN_DELETED_KEPT',
    file: 'kanban.retention.deleted',
    schema: duration(),
    fallback: 30 * 86_400_000,
    help: 'How long a deleted task can be restored.',
  },
  webhookPrivate: {
    env: 'KANBAN_WEBHOOK_PRIVATE',
    file: 'kanban.webhook_private',
    schema: flag(),
    fallback: false,
    help: 'Whether webhooks may call addresses of this host and of private networks.',
  },
  shutdownGrace: {
    env: 'KANBAN_SHUTDOWN_GRACE',
    file: 'kanban.shutdown_grace',
    schema: duration(),
    fallback: 10_000,
    help: 'How long requests under way may take when the service is stopped. Workers are not stopped with it.',
  },
  logLevel: {
    env: 'TALARIA_LOG_LEVEL',
    file: 'kanban.log_level',
    schema: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    fallback: 'info',
    help: 'How much is logged.',
  },
})

/** What the table loads as. */
export type KanbanSettings = SettingsOf<typeof kanbanSettings>

/** A mapping in YAML; in a variable the same as JSON. */
function workers(): z.ZodType<Record<string, WorkerDefinition>> {
  const mapping = z.record(z.string().regex(/^[\w.-]+$/), WorkerDefinition)
  const json = z.string().transform((value, context) => {
    try {
      return mapping.parse(JSON.parse(value))
    } catch (error) {
      context.addIssue({
        code: 'custom',
        message: `expected a JSON object of names and workers (${error instanceof z.ZodError ? z.prettifyError(error) : 'this is no JSON'})`,
      })
      return z.NEVER
    }
  })
  return z.union([mapping, json]).describe('a mapping of names to workers, see docs/kanban-workers.md; in a variable as JSON')
}
