import { createId } from '@talaria/core'
import { limitSchema } from '@talaria/core/http'
import type { KeptAnswer, NewSession, Session } from '@talaria/db'
import { Hono } from 'hono'
import { z } from 'zod'
import type { ApiContext, ApiEnv } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import { requireScope, type Caller } from '../api/caller.ts'
import type { Answer, Idempotency } from '../api/idempotency.ts'
import { parseInput, readBody } from '../api/json-body.ts'
import { operation } from '../api/operation.ts'
import { checkSessionId } from '../api/our-headers.ts'
import { decodeCursor, encodeCursor } from '../api/paging.ts'
import { hitJson, messageJson, sessionJson } from '../api/session-json.ts'
import { sessionNotFound } from '../api/placement.ts'
import { TurnAborted } from '../turns/turn-aborted.ts'

const Title = z.string().trim().min(1).max(200)
const Metadata = z.record(z.string().max(64), z.unknown())
const Id = z.string().max(256).optional()

const CreateSession = z.strictObject({
  id: Id,
  session_id: Id.describe('The same as id'),
  title: Title.nullish(),
  model: z.string().max(256).nullish(),
  system_prompt: z.string().max(100_000).nullish().describe('What the agent is told before this conversation'),
  metadata: Metadata.nullish(),
})

const UpdateSession = z.strictObject({
  title: Title.nullable().optional(),
  model: z.string().max(256).nullable().optional(),
  end_reason: z.string().max(200).optional(),
  pinned: z.boolean().optional(),
  archived: z.boolean().optional(),
  hidden: z.boolean().optional(),
  unread: z.boolean().optional(),
  metadata: Metadata.optional(),
})

const ForkSession = z.strictObject({
  id: Id,
  session_id: Id.describe('The same as id'),
  title: Title.nullish(),
  up_to: z.int().min(0).optional().describe('Copy messages up to this position; all of them unless given'),
})

const ListQuery = z.object({
  limit: limitSchema(50, 200),
  after: z.string().optional().describe('next_cursor of the page before'),
  source: z.string().optional(),
  parent_session_id: z.string().optional(),
  archived: z.stringbool().default(false),
  hidden: z.stringbool().default(false),
})

const MessagesQuery = z.object({
  limit: limitSchema(500, 500),
  order: z.enum(['oldest', 'latest']).default('latest').describe('Which end of the conversation; either way a page reads forwards'),
  after: z.coerce.number().int().min(0).optional().describe('Only messages after this position'),
  before: z.coerce.number().int().min(0).optional().describe('Only messages before this position'),
})

const SearchQuery = z.object({
  q: z.string().min(1).max(2048).describe('Words, "a phrase", prefix* and -exclusion'),
  limit: limitSchema(20, 100),
  order: z.enum(['newest', 'relevance']).default('newest'),
  session_id: z.string().optional(),
  before: z.coerce.number().int().min(1).optional().describe('next_before of the page before, with order newest'),
})

const SessionCursor = z.object({ pinned: z.boolean(), updatedAt: z.number(), id: z.string() })

/** `/api/sessions`: conversations as resources. */
export function sessionsRoutes(api: ApiContext, idempotency: Idempotency) {
  const store = api.stores.sessions
  return new Hono<ApiEnv>()
    .get('/sessions', operation({ tag: 'Sessions', summary: 'List sessions, pinned first, then newest first', query: ListQuery }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'read')
      const { limit, after, source, parent_session_id: parentSessionId, archived, hidden } = parseInput(ListQuery, c.req.query())
      const found = await store.list(caller.viewer, {
        limit: limit + 1,
        archived,
        hidden,
        ...(after !== undefined && { after: decodeCursor(after, SessionCursor) }),
        ...(source !== undefined && { source }),
        ...(parentSessionId !== undefined && { parentSessionId }),
      })
      const page = found.slice(0, limit)
      const last = found.length > limit ? page.at(-1) : undefined
      const next = last && encodeCursor({ pinned: last.pinned, updatedAt: last.updatedAt, id: last.id })
      return c.json({ object: 'list', data: page.map(sessionJson), has_more: last !== undefined, next_cursor: next ?? null })
    })
    .get('/sessions/search', operation({ tag: 'Sessions', summary: 'Search what was said', query: SearchQuery }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'read')
      const { q, limit, order, session_id: sessionId, before } = parseInput(SearchQuery, c.req.query())
      // What was said a moment ago is found as well, unless the database takes nothing down; then what it has is.
      await api.stores.searchIndex.catchUp().catch((error: unknown) => api.log.warn({ err: error }, 'the search index could not catch up'))
      const hits = await store.search(caller.viewer, {
        query: q,
        limit,
        order,
        ...(sessionId !== undefined && { sessionId }),
        ...(before !== undefined && { before }),
      })
      const more = order === 'newest' && hits.length === limit
      return c.json({ object: 'list', data: hits.map(hitJson), has_more: more, next_before: more ? hits.at(-1)!.message.position : null })
    })
    .post('/sessions', operation({ tag: 'Sessions', summary: 'Create a session', body: CreateSession, status: 201, idempotent: true }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'chat')
      const body = await readBody(c, CreateSession)
      const make = async (kept?: KeptAnswer<Session>) => {
        const session: NewSession = {
          id: newId(body),
          owner: caller.owner,
          source: 'api',
          ...(body.title != null && { title: body.title }),
          ...(body.model != null && { model: body.model }),
          ...(body.system_prompt != null && { systemPrompt: body.system_prompt }),
          ...(body.metadata != null && { metadata: body.metadata }),
        }
        const created = await store.create(session, kept)
        if (!created) throw sessionExists(session.id)
        return created
      }
      return idempotency.making(c, make, createdSession)
    })
    .get('/sessions/:id', operation({ tag: 'Sessions', summary: 'Get a session' }), async (c) => {
      requireScope(c.get('caller'), 'read')
      return c.json({ object: 'talaria.session', session: sessionJson(await findSession(api, c.get('caller'), c.req.param('id'))) })
    })
    .patch('/sessions/:id', operation({ tag: 'Sessions', summary: 'Change a session', body: UpdateSession }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'chat')
      const { end_reason: endReason, ...changes } = await readBody(c, UpdateSession)
      const session = await store.update(c.req.param('id'), caller.viewer, { ...defined(changes), ...(endReason !== undefined && { endReason }) })
      if (!session) throw sessionNotFound(c.req.param('id'))
      return c.json({ object: 'talaria.session', session: sessionJson(session) })
    })
    .delete('/sessions/:id', operation({ tag: 'Sessions', summary: 'Delete a session with all that was said in it' }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'chat')
      const id = c.req.param('id')
      if (!(await store.delete(id, caller.viewer))) throw sessionNotFound(id)
      api.turns.stopSession(id, new TurnAborted('cancelled', 'session_deleted', 'The session was deleted before the answer was complete.'))
      return c.json({ object: 'talaria.session.deleted', id, deleted: true })
    })
    .get('/sessions/:id/messages', operation({ tag: 'Sessions', summary: 'Read a session', query: MessagesQuery }), async (c) => {
      requireScope(c.get('caller'), 'read')
      const session = await findSession(api, c.get('caller'), c.req.param('id'))
      const { limit, order, after, before } = parseInput(MessagesQuery, c.req.query())
      const found = await store.messages(session.id, {
        limit: limit + 1,
        order,
        ...(after !== undefined && { after }),
        ...(before !== undefined && { before }),
      })
      const page = order === 'latest' ? found.slice(-limit) : found.slice(0, limit)
      return c.json({
        object: 'list',
        session_id: session.id,
        data: page.map(messageJson),
        has_more: found.length > limit,
        pagination: { limit, order, returned: page.length, first_position: page[0]?.position ?? null, last_position: page.at(-1)?.position ?? null },
      })
    })
    .post(
      '/sessions/:id/fork',
      operation({ tag: 'Sessions', summary: 'Branch off a session', body: ForkSession, status: 201, idempotent: true }),
      async (c) => {
        const caller = c.get('caller')
        requireScope(caller, 'chat')
        const session = await findSession(api, caller, c.req.param('id'))
        const body = await readBody(c, ForkSession)
        const make = async (kept?: KeptAnswer<Session>) => {
          const into = {
            id: newId(body),
            owner: caller.owner,
            source: session.source,
            ...carriedOver(session),
            ...(body.title != null && { title: body.title }),
          }
          const fork = await store.fork(session.id, caller.viewer, into, { ...(body.up_to !== undefined && { upTo: body.up_to }), ...(kept && { kept }) })
          if (!fork) throw sessionExists(into.id)
          return fork
        }
        return idempotency.making(c, make, createdSession)
      },
    )
}

function createdSession(session: Session): Answer {
  return { status: 201, json: { object: 'talaria.session', session: sessionJson(session) } }
}

function carriedOver(session: Session) {
  return {
    ...(session.title !== null && { title: `${session.title} (fork)` }),
    ...(session.model !== null && { model: session.model }),
    ...(session.systemPrompt !== null && { systemPrompt: session.systemPrompt }),
  }
}

/** @throws ApiError `session_not_found` also for somebody else's. */
export async function findSession(api: ApiContext, caller: Caller, id: string): Promise<Session> {
  const session = await api.stores.sessions.get(id, caller.viewer)
  if (!session) throw sessionNotFound(id)
  return session
}

function newId(body: { readonly id?: string | undefined; readonly session_id?: string | undefined }): string {
  const wanted = body.id ?? body.session_id
  return wanted === undefined ? createId('ses') : checkSessionId(wanted)
}

function sessionExists(id: string): ApiError {
  return new ApiError('session_exists', `A session with id '${id}' exists already.`, { param: 'id' })
}

type Defined<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> }

/** The fields that were given. */
function defined<Fields extends object>(fields: Fields): Defined<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<Fields>
}
