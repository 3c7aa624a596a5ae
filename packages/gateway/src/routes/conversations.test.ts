import { checkForLeaks } from '@talaria/db/testing'
import type { Conversation } from 'openai/resources/conversations/conversations'
import { expect, test } from 'vitest'
import type { Json } from '../../test/api-client.ts'
import { startTestGateway, type TestGateway } from '../../test/start-test-gateway.ts'

checkForLeaks()

const create = (t: TestGateway, body: object = {}): Promise<Conversation> => t.api.json(t.api.post('/v1/conversations', body))
const user = (content: string, id?: string) => ({ role: 'user', content, ...(id && { id }) })

test('a conversation is made, found, given other metadata, and deleted', async () => {
  await using t = await startTestGateway()
  const made = await create(t, { metadata: { topic: 'cats' } })
  expect(made).toEqual({
    id: expect.stringMatching(/^conv_/),
    object: 'conversation',
    created_at: expect.toSatisfy(Number.isInteger),
    metadata: { topic: 'cats' },
  })
  const path = `/v1/conversations/${made.id}`
  expect(await t.api.json(t.api.get(path))).toEqual(made)
  expect(await t.api.json(t.api.post(path, { metadata: { topic: 'dogs' } }))).toEqual({ ...made, metadata: { topic: 'dogs' } })
  expect(await t.api.json(t.api.delete(path))).toEqual({ id: made.id, object: 'conversation.deleted', deleted: true })
  for (const [method, more, body] of [
    ['GET', '', undefined],
    ['POST', '', { metadata: {} }],
    ['DELETE', '', undefined],
    ['GET', '/items', undefined],
    ['POST', '/items', { items: [user('x')] }],
    ['GET', '/items/x', undefined],
    ['DELETE', '/items/x', undefined],
  ] as const) {
    expect(await t.api.refusal(t.api.call(method, path + more, { body }))).toEqual({ status: 404, code: 'conversation_not_found', param: 'conversation' })
  }
})

test('items are added, listed a page at a time either way round, found, and deleted', async () => {
  await using t = await startTestGateway()
  const { id } = await create(t, { items: [user('zero', 'msg_0')] })
  const path = `/v1/conversations/${id}/items`
  const added = await t.api.json(
    t.api.post(path, {
      items: [
        user('one', 'msg_1'),
        { type: 'function_call', id: 'fc_2', call_id: 'c', name: 'look', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: 'a cat' },
      ],
    }),
  )
  expect(added).toMatchObject({
    object: 'list',
    first_id: 'msg_1',
    has_more: false,
    data: [
      { id: 'msg_1', type: 'message', status: 'completed', content: [{ type: 'input_text', text: 'one' }] },
      { id: 'fc_2' },
      { id: expect.stringMatching(/^fco_/) },
    ],
  })
  const ids = (page: Json) => page.data.map((item: Json) => item.id)
  const all = ['msg_0', 'msg_1', 'fc_2', added.last_id]
  expect(ids(await t.api.json(t.api.get(path)))).toEqual(all.toReversed())
  const page = await t.api.json(t.api.get(`${path}?order=asc&limit=3`))
  expect([ids(page), page.has_more, page.last_id]).toEqual([all.slice(0, 3), true, 'fc_2'])
  expect(await t.api.json(t.api.get(`${path}?order=asc&after=fc_2`))).toMatchObject({ first_id: added.last_id, has_more: false })
  expect(await t.api.json(t.api.get(`${path}/msg_1`))).toMatchObject({ id: 'msg_1', role: 'user' })
  expect(await t.api.json(t.api.delete(`${path}/msg_1`))).toMatchObject({ id, object: 'conversation' })
  expect(await t.api.refusal(t.api.get(`${path}/msg_1`))).toEqual({ status: 404, code: 'not_found', param: 'item_id' })
  expect((await t.api.refusal(t.api.delete(`${path}/msg_1`))).status).toBe(404)
  expect(await t.api.refusal(t.api.get(`${path}?after=msg_1`))).toMatchObject({ code: 'invalid_pagination', param: 'after' })
})

test.each([
  ['an item nobody knows', { items: [{ type: 'hologram' }] }, 'unsupported_parameter', 'input[0].type'],
  ['an item that lacks something', { items: [{ type: 'function_call', call_id: 'c', name: 'look' }] }, 'missing_required_parameter', 'items[0].arguments'],
  [
    'an item that no model could be given',
    { items: [{ role: 'user', content: [{ type: 'input_audio' }] }] },
    'unsupported_content_type',
    'items[0].content[0].type',
  ],
  ['too many items', { items: Array.from({ length: 21 }, () => user('x')) }, 'invalid_value', 'items'],
  ['metadata that is none', { metadata: 'x' }, 'invalid_value', 'metadata'],
  ['a parameter nobody has', { name: 'x' }, 'unknown_parameter', 'name'],
] as const)('%s is refused, and nothing is made', async (_, body, code, param) => {
  await using t = await startTestGateway()
  expect(await t.api.refusal(t.api.post('/v1/conversations', body))).toEqual({ status: 400, code, param })
})
