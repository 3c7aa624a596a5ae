import { messageOf, type Clock, type Log } from '@talaria/core'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { ApiEnv } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import type { PlatformSupervisors } from './supervisors.ts'
import { withDeadline } from './with-deadline.ts'

/** Webhooks carry events, not files; the largest we know of, GitHub's, are cut by our limit on purpose. */
const MAX_BODY_BYTES = 1024 * 1024

/** What services wait for their webhooks at most. */
const ANSWER_MS = 30_000

/** Of one platform at once; a flood of one is turned away before it takes what the others need. */
const MOST_AT_ONCE = 64

const RETRY_SOON = { headers: { 'Retry-After': '5' } }

export interface MountedPlatformsOptions {
  readonly supervisors: Pick<PlatformSupervisors, 'get'>
  readonly clock: Clock
  readonly log: Log
}

/**
 * `/platforms/<name>/…`: what platforms have mounted on the gateway's own listener, such as webhooks. Without a key of
 * ours: each platform verifies its own signatures. What is not mounted now is 503, so that services send it again.
 */
export function mountedPlatforms({ supervisors, clock, log }: MountedPlatformsOptions) {
  const underWay = new Map<string, number>()
  return new Hono<ApiEnv>().all(
    '/platforms/:name/*',
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => {
        throw new ApiError('body_too_large', `The request body is larger than ${MAX_BODY_BYTES} bytes.`)
      },
    }),
    async (c) => {
      const name = c.req.param('name')
      const supervisor = supervisors.get(name)
      if (!supervisor) throw new ApiError('platform_not_found', 'There is no platform of this name.')
      const { mounted } = supervisor
      if (!mounted) throw new ApiError('platform_not_connected', `The platform '${name}' takes no requests now.`, RETRY_SOON)
      const others = underWay.get(name) ?? 0
      if (others >= MOST_AT_ONCE) throw new ApiError('platform_not_connected', `The platform '${name}' has too many requests under way.`, RETRY_SOON)
      underWay.set(name, others + 1)
      try {
        return await withDeadline(ANSWER_MS, { clock, what: 'Answering' }, () => mounted(c.req.raw))
      } catch (error) {
        log.error({ err: error, platform: name }, 'A platform failed to answer a request.')
        throw new ApiError('platform_not_connected', `The platform '${name}' failed to answer.`, { ...RETRY_SOON, cause: messageOf(error) })
      } finally {
        underWay.set(name, underWay.get(name)! - 1)
      }
    },
  )
}
