import type { Inbound, Session } from '@talaria/db'
import { Hono } from 'hono'
import { z } from 'zod'
import type { ApiContext, ApiEnv } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import { requireScope } from '../api/caller.ts'
import { readBody } from '../api/json-body.ts'
import { operation } from '../api/operation.ts'
import { findSession } from './sessions.ts'

const Edit = z.strictObject({ text: z.string().trim().min(1).max(100_000) })

/** `/api/sessions/{id}/queue`: messages of a chat that wait for their turn. */
export function sessionQueueRoutes(api: ApiContext) {
  const { inbound } = api.stores
  return new Hono<ApiEnv>()
    .get('/sessions/:id/queue', operation({ tag: 'Sessions', summary: 'List the messages that wait to be answered, oldest first' }), async (c) => {
      requireScope(c.get('caller'), 'read')
      const session = await findSession(api, c.get('caller'), c.req.param('id'))
      return c.json({ object: 'list', data: (await waitingIn(api, session)).map(queuedJson) })
    })
    .patch('/sessions/:id/queue/:message', operation({ tag: 'Sessions', summary: 'Change the text of a message that waits', body: Edit }), async (c) => {
      requireScope(c.get('caller'), 'chat')
      const session = await findSession(api, c.get('caller'), c.req.param('id'))
      const { text } = await readBody(c, Edit)
      const row = await waitingMessage(api, session, c.req.param('message'))
      const edited = { ...row, body: { ...row.body, text } }
      if (!(await inbound.rewrite(row.id, edited.body))) throw notWaiting(row.id)
      return c.json(queuedJson(edited))
    })
    .delete('/sessions/:id/queue/:message', operation({ tag: 'Sessions', summary: 'Take a message out of the queue' }), async (c) => {
      requireScope(c.get('caller'), 'chat')
      const session = await findSession(api, c.get('caller'), c.req.param('id'))
      const { id } = await waitingMessage(api, session, c.req.param('message'))
      if (!(await inbound.discard(id))) throw notWaiting(id)
      return c.json({ id, object: 'talaria.queued_message.deleted', deleted: true })
    })
}

async function waitingIn({ stores }: ApiContext, session: Session): Promise<readonly Inbound[]> {
  const routes = await stores.routes.ofSession(session.id)
  return (await Promise.all(routes.map(({ sessionKey }) => stores.inbound.waiting(sessionKey)))).flat()
}

async function waitingMessage(api: ApiContext, session: Session, id: string): Promise<Inbound> {
  const row = (await waitingIn(api, session)).find((one) => one.id === id)
  if (row) return row
  throw notWaiting(id)
}

function notWaiting(id: string): ApiError {
  return new ApiError('queued_message_not_found', `No message '${id.slice(0, 100)}' waits in this session.`, { param: 'message' })
}

function queuedJson({ id, messageId, sender, body, mode, receivedAt }: Inbound) {
  return { id, object: 'talaria.queued_message', message_id: messageId, sender, text: body['text'] ?? '', mode, received_at: receivedAt / 1000 }
}
