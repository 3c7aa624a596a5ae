import { randomBytes } from 'node:crypto'
import { createId } from '@talaria/core'
import type { ApiKey } from '@talaria/db'
import { Hono } from 'hono'
import { z } from 'zod'
import type { ApiContext, ApiEnv } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import { hashOfKey, KEY_PREFIX } from '../api/authenticate.ts'
import { requireScope } from '../api/caller.ts'
import { readBody } from '../api/json-body.ts'
import { operation } from '../api/operation.ts'
import { refuseIdempotencyKey } from '../api/refuse-idempotency-key.ts'

const CreateKey = z.strictObject({
  name: z.string().trim().min(1).max(100),
  scopes: z
    .array(z.enum(['chat', 'read', 'admin']))
    .min(1)
    .default(['chat', 'read']),
  service: z.boolean().default(false).describe('May say for which user it acts (X-Talaria-User)'),
})

/** `/api/keys`: named keys, for admins. A key is shown once, when it is made; only its hash is kept. */
export function keysRoutes(api: ApiContext) {
  const store = api.stores.apiKeys
  return new Hono<ApiEnv>()
    .get('/keys', operation({ tag: 'Operation', summary: 'List named keys' }), async (c) => {
      requireScope(c.get('caller'), 'admin')
      return c.json({ object: 'list', data: (await store.list()).map(keyJson) })
    })
    .post('/keys', operation({ tag: 'Operation', summary: 'Make a named key', body: CreateKey, status: 201 }), async (c) => {
      requireScope(c.get('caller'), 'admin')
      refuseIdempotencyKey(c, 'the answer holds a secret and is not kept')
      const body = await readBody(c, CreateKey)
      const secret = KEY_PREFIX + randomBytes(32).toString('base64url')
      const key = await store.create({ id: createId('key'), name: body.name, hash: hashOfKey(secret), scopes: body.scopes, service: body.service })
      if (!key) throw new ApiError('key_exists', `A key named '${body.name}' is in use. Revoke it first, or choose another name.`, { param: 'name' })
      return c.json({ ...keyJson(key), key: secret }, 201)
    })
    .delete('/keys/:id', operation({ tag: 'Operation', summary: 'Revoke a named key, by its id or name' }), async (c) => {
      requireScope(c.get('caller'), 'admin')
      const id = c.req.param('id')
      if (!(await store.revoke(id))) throw new ApiError('key_not_found', `No key '${id}' is in use.`, { param: 'id' })
      return c.json({ id, object: 'talaria.key.revoked', revoked: true })
    })
}

function keyJson(key: ApiKey) {
  return {
    id: key.id,
    object: 'talaria.key',
    name: key.name,
    scopes: key.scopes,
    service: key.service,
    created_at: key.createdAt / 1000,
    last_used_at: key.lastUsedAt === null ? null : key.lastUsedAt / 1000,
    revoked_at: key.revokedAt === null ? null : key.revokedAt / 1000,
  }
}
