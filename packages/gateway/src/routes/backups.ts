import { messageOf } from '@talaria/core'
import { sseResponse } from '@talaria/core/http'
import { Hono } from 'hono'
import { z } from 'zod'
import type { ApiContext, ApiEnv } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import { requireScope } from '../api/caller.ts'
import { readBody } from '../api/json-body.ts'
import { operation } from '../api/operation.ts'
import { refuseIdempotencyKey } from '../api/refuse-idempotency-key.ts'

const CreateBackup = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/, 'expected a file name of letters, digits, . _ and -')
    .optional()
    .describe('The name of the file in the folder for backups; made of the time unless given'),
})

export interface BackupProgress {
  readonly onProgress: (done: number, total: number) => void
  readonly signal: AbortSignal
}

/** Copies the database while it is in use. */
export interface Backups {
  /** Resolves with the path of the finished, checked copy; when `signal` aborts, nothing is left of it. */
  create(name: string | undefined, progress: BackupProgress): Promise<string>
}

/** `/api/backups`: an online backup of `gateway.db`, with its progress as events. It ends with the client that asked for it. */
export function backupsRoutes(api: ApiContext, backups: Backups) {
  return new Hono<ApiEnv>().post(
    '/backups',
    operation({ tag: 'Operation', summary: 'Back up the database', body: CreateBackup, streams: 'only' }),
    async (c) => {
      requireScope(c.get('caller'), 'admin')
      refuseIdempotencyKey(c, 'give the backup a name; a second one of that name is refused')
      if (api.turns.isDraining) throw new ApiError('gateway_draining', 'The gateway is shutting down.', { headers: { 'Retry-After': '5' } })
      const { name } = await readBody(c, CreateBackup)
      return sseResponse(
        framesOf(api, (progress) => backups.create(name, progress)),
        { clock: api.clock, keepAliveMs: api.settings.keepAliveMs },
      )
    },
  )
}

async function* framesOf(api: ApiContext, work: (progress: BackupProgress) => Promise<string>): AsyncGenerator<string> {
  const left = new AbortController()
  let latest: { done: number; total: number } | undefined
  let moved = Promise.withResolvers<void>()
  const onProgress = (done: number, total: number) => {
    latest = { done, total }
    moved.resolve()
  }
  const finished = work({ onProgress, signal: left.signal }).then(
    (file) => ({ event: 'completed', file }),
    (error: unknown) => {
      if (!left.signal.aborted) api.log.error({ err: error }, 'a backup failed')
      return { event: 'failed', message: messageOf(error) }
    },
  )
  try {
    for (;;) {
      const end = await Promise.race([finished, moved.promise])
      if (end) return yield frame(end)
      moved = Promise.withResolvers<void>()
      yield frame({ event: 'progress', ...latest })
      // What a person sees changes often enough at this rate, and a fast copy is not slowed down by telling.
      await Promise.race([finished, api.clock.delay(100)])
    }
  } finally {
    left.abort(new Error('the client went away'))
  }
}

function frame(data: Record<string, unknown>): string {
  return `data: ${JSON.stringify(data)}\n\n`
}
