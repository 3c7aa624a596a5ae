import { expect, test } from 'vitest'
import { useGateway } from '../testing/use-gateway.ts'

const shared = useGateway()
const conversations = () => shared.openai().conversations

test('a conversation is created, retrieved, changed and deleted', async () => {
  const created = await conversations().create({ metadata: { topic: 'demo' } })
  expect(created).toMatchObject({ object: 'conversation', metadata: { topic: 'demo' }, created_at: expect.any(Number) })
  expect(await conversations().retrieve(created.id)).toEqual(created)
  expect(await conversations().update(created.id, { metadata: { topic: 'other' } })).toMatchObject({ id: created.id, metadata: { topic: 'other' } })
  expect(await conversations().delete(created.id)).toEqual({ id: created.id, object: 'conversation.deleted', deleted: true })
  await expect(conversations().retrieve(created.id)).rejects.toMatchObject({ status: 404, code: 'conversation_not_found' })
})

test('its items are added, listed page by page in both directions, retrieved and deleted', async () => {
  const { id } = await conversations().create({ items: [{ type: 'message', role: 'user', content: 'one' }] })
  const added = await conversations().items.create(id, { items: ['two', 'three', 'four'].map((content) => ({ type: 'message', role: 'user', content })) })
  expect(added).toMatchObject({ object: 'list', has_more: false, data: { length: 3 } })

  const list = async (order: 'asc' | 'desc') => {
    const items = []
    for await (const item of conversations().items.list(id, { limit: 2, order })) items.push(item)
    return items
  }
  const ascending = await list('asc')
  expect(ascending.map((item) => (item.type === 'message' && item.content[0]?.type === 'input_text' ? item.content[0].text : '?'))).toEqual([
    'one',
    'two',
    'three',
    'four',
  ])
  expect(await list('desc')).toEqual(ascending.toReversed())

  const second = ascending[1]!.id!
  expect(await conversations().items.retrieve(second, { conversation_id: id })).toEqual(ascending[1])
  expect(await conversations().items.delete(second, { conversation_id: id })).toMatchObject({ id, object: 'conversation' })
  expect(await list('asc')).toEqual(ascending.filter((item) => item.id !== second))
})

test('a response in a conversation sees what was said before, and is added to it', async () => {
  const { id } = await conversations().create()
  const first = await shared.openai().responses.create({ model: 'talaria', conversation: id, input: '!say first answer' })
  expect(first.conversation).toEqual({ id })
  const second = await shared.openai().responses.stream({ model: 'talaria', conversation: { id }, input: 'How many messages are there?' }).finalResponse()
  expect(second.output_text).toMatch(/3 messages/)
  const items = []
  for await (const item of conversations().items.list(id, { order: 'asc' })) items.push(item.type === 'message' ? item.role : item.type)
  expect(items).toEqual(['user', 'assistant', 'user', 'assistant'])
})

test('a previous response and a conversation exclude one another', async () => {
  const { id } = await conversations().create()
  const first = await shared.openai().responses.create({ model: 'talaria', input: '!say x' })
  const both = shared.openai().responses.create({ model: 'talaria', input: 'y', conversation: id, previous_response_id: first.id })
  await expect(both).rejects.toMatchObject({ status: 400, code: 'mutually_exclusive_parameters' })
})
