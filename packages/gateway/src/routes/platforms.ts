import { limitSchema } from '@talaria/core/http'
import { platformStatusSchema, type PlatformStatus } from '@talaria/core/contracts'
import { Hono } from 'hono'
import { z } from 'zod'
import type { ApiContext, ApiEnv } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import { requireScope } from '../api/caller.ts'
import { parseInput } from '../api/json-body.ts'
import { operation } from '../api/operation.ts'
import type { PlatformSupervisor } from '../platforms/supervisor.ts'

const Status = platformStatusSchema.extend({ object: z.literal('talaria.platform') })
const Statuses = z.object({ object: z.literal('list'), data: z.array(Status) })
const Transition = platformStatusSchema
  .pick({ state: true, reason: true, nextAttemptAt: true })
  .extend({ at: z.int().describe('milliseconds since the epoch'), position: z.int().describe('what `before` takes, for what was earlier') })
const StatusWithHistory = Status.extend({ history: z.array(Transition).describe('newest first') })
const HistoryQuery = z.object({ limit: limitSchema(50, 500), before: z.coerce.number().int().positive().optional() })

/** Platforms as these routes need them. */
export interface PlatformControl {
  readonly statuses: readonly PlatformStatus[]
  /** One that can be paused; the API itself cannot, as nobody could end the pause. */
  get(name: string): PlatformSupervisor | undefined
}

type Change = 'pause' | 'resume' | 'reconnect'

/** `/api/platforms`: how they are doing, and what an operator wants of them. For admins. */
export function platformsRoutes(api: ApiContext, platforms: PlatformControl) {
  const app = new Hono<ApiEnv>()
    .get('/platforms', operation({ tag: 'Operation', summary: 'List the platforms', answer: Statuses }), (c) => {
      requireScope(c.get('caller'), 'admin')
      return c.json({ object: 'list', data: platforms.statuses.map(platformJson) })
    })
    .get(
      '/platforms/:name',
      operation({ tag: 'Operation', summary: 'Get a platform, with its history', query: HistoryQuery, answer: StatusWithHistory }),
      async (c) => {
        requireScope(c.get('caller'), 'admin')
        const status = statusOf(platforms, c.req.param('name'))
        const { limit, before } = parseInput(HistoryQuery, c.req.query())
        const history = await api.stores.platforms.history(status.name, { limit, ...(before !== undefined && { before }) })
        return c.json({ ...platformJson(status), history: history.map(({ platform: _, ...transition }) => transition) })
      },
    )
  const change = (what: Change, summary: string) =>
    app.post(`/platforms/:name/${what}`, operation({ tag: 'Operation', summary, answer: Status }), async (c) => {
      requireScope(c.get('caller'), 'admin')
      const { name } = statusOf(platforms, c.req.param('name'))
      const supervisor = platforms.get(name)
      if (supervisor && (await supervisor[what]())) return c.json(platformJson(supervisor.status))
      throw new ApiError('platform_not_controllable', refusalOf(what, statusOf(platforms, name), supervisor !== undefined))
    })
  change('pause', 'Disconnect a platform until it is resumed, restarts included')
  change('resume', 'End the pause of a platform')
  return change('reconnect', 'Connect a platform anew, at once')
}

function statusOf(platforms: PlatformControl, name: string): PlatformStatus {
  const status = platforms.statuses.find((one) => one.name === name)
  if (status) return status
  const names = platforms.statuses.map((one) => one.name).join(', ')
  throw new ApiError('platform_not_found', `There is no platform '${name.slice(0, 100)}'. There are: ${names}.`, { param: 'name' })
}

function refusalOf(what: Change, { name, state, reason }: PlatformStatus, isControllable: boolean): string {
  if (!isControllable) return `'${name}' is what answers here, and cannot be told to ${what}.`
  if (state === 'paused') return `'${name}' is paused. Resume it first.`
  return `'${name}' is ${state.replaceAll('_', ' ')}. ${reason ?? 'The gateway is shutting down.'}`
}

function platformJson(status: PlatformStatus) {
  return { object: 'talaria.platform', ...status }
}
