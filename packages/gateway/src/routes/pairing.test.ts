import { silentLog, systemClock } from '@talaria/core'
import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { startTestGateway } from '../../test/start-test-gateway.ts'
import { Pairing } from '../pairing/pairing.ts'

checkForLeaks()

async function openWithStranger() {
  const gateway = await startTestGateway()
  const pairing = new Pairing({ store: gateway.stores.pairing, clock: systemClock, log: silentLog })
  return { gateway, api: gateway.api, code: (await pairing.request({ platform: 'twin', userId: 'eve/1', userName: 'Eve' }))! }
}

describe('pairing over HTTP', () => {
  it('lists who asks, approves by the code, and revokes', async () => {
    const { gateway, api, code } = await openWithStranger()
    await using _ = gateway
    const before = await api.json(api.get('/api/pairing'))
    expect(before).toMatchObject({ pending: [{ platform: 'twin', user_id: 'eve/1', user_name: 'Eve' }], users: [] })
    for (const secret of [code, 'hash', 'salt']) expect(JSON.stringify(before)).not.toContain(secret)
    expect(await api.json(api.post('/api/pairing/approve', { platform: 'Twin', code: code.toLowerCase() }))).toMatchObject({ user_id: 'eve/1' })
    expect(await api.json(api.get('/api/pairing'))).toMatchObject({ pending: [], users: [{ user_id: 'eve/1' }] })
    expect(await api.json(api.delete('/api/pairing/twin/eve%2F1'))).toMatchObject({ revoked: true })
    expect(await api.refusal(api.delete('/api/pairing/twin/eve%2F1'))).toMatchObject({ status: 404, code: 'pairing_not_found' })
  })

  it('locks after five wrong codes and says for how long', async () => {
    const { gateway, api, code } = await openWithStranger()
    await using _ = gateway
    const guess = (typed: string) => api.post('/api/pairing/approve', { platform: 'twin', code: typed })
    for (let i = 0; i < 4; i++) expect(await api.refusal(guess('AAAAAAAA'))).toMatchObject({ status: 400, code: 'pairing_code_wrong' })
    expect(await api.refusal(guess('AAAAAAAA'))).toMatchObject({ status: 429, code: 'pairing_locked' })
    const locked = await guess(code)
    expect(locked.status).toBe(429)
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(3_500)
  })

  it('is for admins', async () => {
    const { gateway, api, code } = await openWithStranger()
    await using _ = gateway
    const chatter = api.as((await api.json(api.post('/api/keys', { name: 'chatter', scopes: ['chat'] }))).key)
    for (const answer of [
      chatter.get('/api/pairing'),
      chatter.post('/api/pairing/approve', { platform: 'twin', code }),
      chatter.delete('/api/pairing/twin/eve'),
    ])
      expect(await chatter.refusal(answer)).toMatchObject({ status: 403, code: 'insufficient_scope' })
  })
})
