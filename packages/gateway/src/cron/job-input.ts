import { isTimezone, parseSchedule, ScheduleError, type Schedule } from '@talaria/core/schedule'
import type { CronJobDefinition } from '@talaria/db'
import { z } from 'zod'
import { ApiError } from '../api/api-error.ts'
import { requireScope, type Caller } from '../api/caller.ts'
import { parseDeliverTarget } from '../delivery/deliver-target.ts'

const seconds = (most: number) => z.number().min(0).max(most)
const DAY = 86_400

const ScheduleText = z.string().max(500).describe('Five or six cron fields, @daily, every 10m, in 30m, or an ISO instant')
const Schedules = z.array(ScheduleText).min(1).max(20)
const Timezone = z
  .string()
  .max(64)
  .refine(isTimezone, { error: 'no IANA time zone such as Europe/Berlin' })
  .describe('IANA name of the zone that schedules are read in')
const Deliver = z
  .union([z.string().max(2_000), z.array(z.string().max(500)).max(20)])
  .describe('origin, home, session, none, a platform, or platform:chat[:thread]; several with commas or as a list')

const FIELDS = {
  name: z.string().trim().min(1).max(200),
  prompt: z.string().min(1).max(100_000),
  schedule: ScheduleText.optional(),
  schedules: Schedules.optional().describe('Several schedules, instead of one'),
  timezone: Timezone.optional(),
  model: z.string().max(256).nullable().optional(),
  instructions: z.string().max(100_000).nullable().optional(),
  catch_up: z.enum(['skip', 'one', 'all']).optional().describe('What becomes of times that passed while no gateway ran'),
  max_lateness_seconds: seconds(366 * DAY)
    .nullable()
    .optional()
    .describe('A missed time that is longer ago is not made up for'),
  overlap: z.enum(['skip', 'queue', 'replace']).optional().describe('What a time does that comes while the run before it is not over'),
  jitter_seconds: seconds(DAY).optional().describe('Put each time off by up to this much'),
  timeout_seconds: z.number().min(1).max(DAY).optional(),
  retries: z.int().min(0).max(20).optional(),
  retry_backoff_seconds: z.number().min(1).max(DAY).optional(),
  retry_unknown: z.boolean().optional().describe('Try a run again whose gateway died, although it may have done its work'),
  approvals: z.enum(['deny', 'approve']).optional().describe('What becomes of tools that ask before they run: nobody is there to answer'),
  repeat: z.int().min(1).nullable().optional().describe('How often it fires before it is completed'),
  deliver: Deliver.optional(),
  skills: z.array(z.string()).max(0, { error: 'this version has no skills' }).optional(),
}

/** What a request to make a job may say. */
export const CreateJob = z.strictObject(FIELDS)

/** What a request to change a job may say. */
export const UpdateJob = z.strictObject({ ...FIELDS, enabled: z.boolean() }).partial()

/** What a request to try out schedules may say. */
export const PreviewJob = z.strictObject({
  schedule: FIELDS.schedule,
  schedules: FIELDS.schedules,
  timezone: FIELDS.timezone,
  count: z.int().min(1).max(100).default(5),
})

/**
 * The schedules of a request; `undefined` when it names none.
 *
 * @throws ApiError `invalid_schedule` with the field and the position of the fault
 */
export function schedulesOf(
  body: { readonly schedule?: string | undefined; readonly schedules?: readonly string[] | undefined },
  context: { readonly now: number; readonly timezone: string },
): readonly Schedule[] | undefined {
  if (body.schedule !== undefined && body.schedules !== undefined) {
    throw new ApiError('mutually_exclusive_parameters', "Give either 'schedule' or 'schedules'.", { param: 'schedules' })
  }
  if (body.schedule !== undefined) return [scheduleAt(body.schedule, 'schedule', context)]
  return body.schedules?.map((text, index) => scheduleAt(text, `schedules[${index}]`, context))
}

function scheduleAt(text: string, param: string, context: { readonly now: number; readonly timezone: string }): Schedule {
  try {
    return parseSchedule(text, context)
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error
    throw new ApiError('invalid_schedule', `${error.message} (at character ${error.position + 1} of '${text}')`, { param, position: error.position })
  }
}

/** Who may say where output goes: to the caller's own sessions anybody, to chats an admin, because chats are other people's. */
export function deliverOf(
  deliver: z.output<typeof Deliver> | undefined,
  { caller, platforms }: { readonly caller: Caller; readonly platforms: readonly string[] },
) {
  if (deliver === undefined) return undefined
  const texts = (typeof deliver === 'string' ? deliver.split(',') : deliver).map((text) => text.trim())
  for (const text of texts) {
    const target = parseDeliverTarget(text, platforms)
    if (!target) {
      throw new ApiError(
        'invalid_value',
        `'${text}' is nowhere to deliver to. There are session, none, origin, home, ${platforms.join(', ')}, and platform:chat.`,
        {
          param: 'deliver',
        },
      )
    }
    if (target.kind !== 'session' && target.kind !== 'none') requireScope(caller, 'admin')
  }
  return texts
}

/** Those fields of a request that go into the job as they are; times become milliseconds. */
export function definitionOf(body: z.output<typeof UpdateJob>): Partial<CronJobDefinition> {
  const fields = {
    name: body.name,
    prompt: body.prompt,
    timezone: body.timezone,
    model: body.model,
    instructions: body.instructions,
    catchUp: body.catch_up,
    maxLatenessMs: body.max_lateness_seconds == null ? body.max_lateness_seconds : msOf(body.max_lateness_seconds),
    overlap: body.overlap,
    jitterMs: msOf(body.jitter_seconds),
    timeoutMs: msOf(body.timeout_seconds),
    retries: body.retries,
    retryBackoffMs: msOf(body.retry_backoff_seconds),
    retryUnknown: body.retry_unknown,
    approvals: body.approvals,
    repeat: body.repeat,
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<CronJobDefinition>
}

function msOf(secondsGiven: number | undefined): number | undefined {
  return secondsGiven === undefined ? undefined : Math.round(secondsGiven * 1000)
}

/** @throws ApiError */
export function missingSchedule(): never {
  throw new ApiError('missing_required_parameter', "Missing required parameter: 'schedule'.", { param: 'schedule' })
}
