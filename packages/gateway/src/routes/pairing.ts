import type { PairedUser, PairingRequest } from '@talaria/db'
import { Hono } from 'hono'
import { z } from 'zod'
import type { ApiContext, ApiEnv } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import { requireScope } from '../api/caller.ts'
import { readBody } from '../api/json-body.ts'
import { operation } from '../api/operation.ts'
import { refuseIdempotencyKey } from '../api/refuse-idempotency-key.ts'
import type { Pairing } from '../pairing/pairing.ts'

const Approve = z.strictObject({
  platform: z.string().trim().toLowerCase().min(1).max(100),
  code: z.string().trim().min(1).max(100).describe('As it was shown to who wants to be known'),
})

/** `/api/pairing`: who asks to be known on chat platforms, and who is. For admins. */
export function pairingRoutes(api: ApiContext, pairing: Pairing) {
  return new Hono<ApiEnv>()
    .get('/pairing', operation({ tag: 'Operation', summary: 'List who is paired, and who asks to be' }), async (c) => {
      requireScope(c.get('caller'), 'admin')
      const [pending, users] = await Promise.all([pairing.pending(), pairing.users()])
      return c.json({ object: 'talaria.pairing', pending: pending.map(requestJson), users: users.map(userJson) })
    })
    .post('/pairing/approve', operation({ tag: 'Operation', summary: 'Pair whoever was shown this code', body: Approve }), async (c) => {
      requireScope(c.get('caller'), 'admin')
      refuseIdempotencyKey(c, 'a code is used up by its approval')
      const { platform, code } = await readBody(c, Approve)
      const approval = await pairing.approve(platform, code)
      if (approval.kind === 'approved') return c.json(userJson(approval.user))
      if (approval.kind === 'wrong_code') throw new ApiError('pairing_code_wrong', `No open request on ${platform} has this code.`, { param: 'code' })
      const seconds = Math.ceil((approval.until - api.clock.now()) / 1000)
      throw new ApiError('pairing_locked', `Too many wrong codes: ${platform} takes none for ${Math.ceil(seconds / 60)} minutes.`, {
        headers: { 'Retry-After': String(seconds) },
      })
    })
    .delete('/pairing/:platform/:user', operation({ tag: 'Operation', summary: 'Make a paired user a stranger again' }), async (c) => {
      requireScope(c.get('caller'), 'admin')
      const { platform, user } = c.req.param()
      if (!(await pairing.revoke(platform, user)))
        throw new ApiError('pairing_not_found', `No user '${user.slice(0, 100)}' is paired on ${platform.slice(0, 100)}.`)
      return c.json({ object: 'talaria.pairing.revoked', platform, user_id: user, revoked: true })
    })
}

/** Nothing of the code, not even its hash. */
function requestJson({ platform, userId, userName, requestedAt, expiresAt }: PairingRequest) {
  return { object: 'talaria.pairing.request', platform, user_id: userId, user_name: userName, requested_at: requestedAt / 1000, expires_at: expiresAt / 1000 }
}

function userJson({ platform, userId, userName, pairedAt }: PairedUser) {
  return { object: 'talaria.pairing.user', platform, user_id: userId, user_name: userName, paired_at: pairedAt / 1000 }
}
