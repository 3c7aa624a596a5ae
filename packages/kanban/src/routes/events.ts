import { limitSchema, parseInput, sseResponse } from '@talaria/core/http'
import { invalidField, type EventKind } from '@talaria/db'
import { Hono, type Context } from 'hono'
import { z } from 'zod'
import type { KanbanApi, KanbanEnv } from './kanban-api.ts'
import { operation } from './operation.ts'
import { EVENT_KINDS } from './event-kinds.ts'
import { readQuery } from './read-json.ts'
import { requireTask } from './task-of.ts'

const EventsQuery = z.strictObject({
  after: z.coerce.number().int().min(0).exactOptional().describe('seq of the last event that is known; a stream without it begins now'),
  limit: limitSchema(100, 500),
  task: z.string().exactOptional().describe('Only those of a task'),
  kinds: z.string().exactOptional().describe('Kinds, separated by commas; not for streams'),
})

/** `/{board}/events`: everything that happened, in order, without a gap; as pages, or as it happens. */
export function eventsRoutes(api: KanbanApi) {
  return new Hono<KanbanEnv>().get(
    '/events',
    operation({
      tag: 'Events',
      summary: 'List events, or follow them (Accept: text/event-stream)',
      description:
        'A stream resumes after `Last-Event-ID`. Each event comes with the card of its task as it is by then. `skipped` says that more has happened than is told: look at the board again.',
      query: EventsQuery,
      streams: true,
      headers: [{ name: 'Last-Event-ID', description: 'The id of the last event that was seen; what came after it is told first.' }],
    }),
    async (c) => {
      const query = readQuery(c, EventsQuery)
      const taskNumber = query.task === undefined ? undefined : (await requireTask(c, query.task)).number
      if (/\btext\/event-stream\b/.test(c.req.header('accept') ?? ''))
        return stream(c, api, { ...placeOf(c, query.after), ...(taskNumber !== undefined && { taskNumber }) })
      const { after = 0, limit } = query
      const { events } = c.get('stores')
      const kinds = query.kinds === undefined ? undefined : kindsIn(query.kinds)
      const page = await events.since({ after, limit, ...(taskNumber !== undefined && { taskNumber }), ...(kinds && { kinds }) })
      return c.json({ events: page, nextAfter: page.at(-1)?.seq ?? after, latest: await events.latest() })
    },
  )
}

function stream(
  c: Context<KanbanEnv>,
  { feeds, clock, keepAliveMs, signal }: KanbanApi,
  from: { readonly after?: number; readonly taskNumber?: number },
): Response {
  const gone = new AbortController()
  const frames = feeds.follow(c.get('board').slug, c.get('stores'), { ...from, signal: signal ? AbortSignal.any([gone.signal, signal]) : gone.signal })
  return sseResponse(frames, { clock, keepAliveMs, onCancel: () => gone.abort(new Error('the client is gone')) })
}

/** A client that comes back says more than the address that it once began with. @throws BoardError `INVALID` */
function placeOf(c: Context, after: number | undefined): { readonly after?: number } {
  const last = c.req.header('last-event-id')
  if (last === undefined || last === '') return after === undefined ? {} : { after }
  if (!/^\d{1,15}$/.test(last)) throw invalidField('Last-Event-ID', 'the id of an event of this stream')
  return { after: Number(last) }
}

function kindsIn(text: string): readonly EventKind[] {
  return parseInput(z.object({ kinds: z.array(z.enum(EVENT_KINDS)) }), { kinds: text.split(',').map((kind) => kind.trim()) }).kinds
}
