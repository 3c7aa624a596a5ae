import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { startTestGateway } from '../../test/start-test-gateway.ts'

checkForLeaks()

test('a key is shown once, when it is made, and nothing of it is kept but its hash', async () => {
  await using t = await startTestGateway()
  const response = await t.api.post('/api/keys', { name: ' portal ', scopes: ['read'], service: true })
  expect(response.status).toBe(201)
  const { key, ...rest } = (await response.json()) as Record<string, unknown>
  expect(key).toMatch(/^tal_[\w-]{43}$/)
  expect(rest).toEqual({
    id: expect.stringMatching(/^key_/),
    object: 'talaria.key',
    name: 'portal',
    scopes: ['read'],
    service: true,
    created_at: expect.any(Number),
    last_used_at: null,
    revoked_at: null,
  })
  expect(await t.api.json(t.api.get('/api/keys'))).toEqual({ object: 'list', data: [rest] })
  expect(JSON.stringify(await t.stores.apiKeys.list())).not.toContain(key)
})

test('a name is in use until its key is revoked; revoked keys are listed as such', async () => {
  await using t = await startTestGateway()
  const { id } = await t.api.json(t.api.post('/api/keys', { name: 'portal' }))
  expect(await t.api.refusal(t.api.post('/api/keys', { name: 'portal' }))).toEqual({ status: 409, code: 'key_exists', param: 'name' })
  expect(await t.api.json(t.api.delete(`/api/keys/${id}`))).toEqual({ id, object: 'talaria.key.revoked', revoked: true })
  expect(await t.api.refusal(t.api.delete(`/api/keys/${id}`))).toEqual({ status: 404, code: 'key_not_found', param: 'id' })
  await t.api.json(t.api.post('/api/keys', { name: 'portal' }))
  const { data } = await t.api.json(t.api.get('/api/keys'))
  expect((data as { revoked_at: number | null }[]).map(({ revoked_at: at }) => at === null)).toEqual([false, true])
})

test('a key may chat and read unless told otherwise', async () => {
  await using t = await startTestGateway()
  expect((await t.api.json(t.api.post('/api/keys', { name: 'plain' }))).scopes).toEqual(['chat', 'read'])
})

test.each([
  ['no name', {}, 'missing_required_parameter', 'name'],
  ['an empty name', { name: ' ' }, 'invalid_value', 'name'],
  ['a long name', { name: 'x'.repeat(101) }, 'invalid_value', 'name'],
  ['no scope', { name: 'x', scopes: [] }, 'invalid_value', 'scopes'],
  ['a scope that there is not', { name: 'x', scopes: ['root'] }, 'invalid_value', 'scopes[0]'],
  ['a parameter nobody has', { name: 'x', key: 'mine' }, 'unknown_parameter', 'key'],
] as const)('%s is refused, and the refusal names it', async (_, body, code, param) => {
  await using t = await startTestGateway()
  expect(await t.api.refusal(t.api.post('/api/keys', body))).toEqual({ status: 400, code, param })
})
