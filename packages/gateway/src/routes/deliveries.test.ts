import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../../test/start-test-gateway.ts'

checkForLeaks()

const address = { platform: 'twin', account: 'bot', chatId: 'chat-1', threadId: '' }

async function addDead({ stores }: TestGateway, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await stores.outbound.add([{ id, group: id, chunk: 0, address, kind: 'notice', text: id, attachments: [] }])
    await stores.outbound.claimDue('twin', 'runner', 1)
    await stores.outbound.dead(id, 'runner', { code: 'rejected', error: 'No.' })
  }
}

test('dead letters are listed newest first, in pages', async () => {
  await using t = await startTestGateway()
  await addDead(t, 'one', 'two', 'three')
  const page = await t.api.json(t.api.get('/api/deliveries?limit=2'))
  expect(page).toMatchObject({
    data: [{ id: 'three', error: { code: 'rejected', message: 'No.' }, state: 'dead', chat_id: 'chat-1' }, { id: 'two' }],
    has_more: true,
    last_id: 'two',
  })
  expect(await t.api.json(t.api.get('/api/deliveries?limit=2&after=two'))).toMatchObject({ data: [{ id: 'one' }], has_more: false })
  expect(await t.api.json(t.api.get('/api/deliveries?platform=other'))).toMatchObject({ data: [] })
})

test('a dead letter that is replayed is to be sent again, and no other message can be', async () => {
  await using t = await startTestGateway()
  await addDead(t, 'one')
  expect(await t.api.json(t.api.post('/api/deliveries/one/replay'))).toMatchObject({ id: 'one', state: 'pending' })
  expect(await t.api.refusal(t.api.post('/api/deliveries/one/replay'))).toEqual({ status: 404, code: 'delivery_not_found', param: 'id' })
  expect(await t.api.json(t.api.get('/api/deliveries/counts'))).toMatchObject({ data: [{ platform: 'twin', state: 'pending', count: 1 }] })
})

test('the outbox is for admins', async () => {
  await using t = await startTestGateway()
  const { key } = await t.api.json(t.api.post('/api/keys', { name: 'plain' }))
  const plain = t.api.as(String(key))
  for (const call of [plain.get('/api/deliveries'), plain.get('/api/deliveries/counts'), plain.post('/api/deliveries/one/replay')]) {
    expect(await t.api.refusal(call)).toMatchObject({ status: 403, code: 'insufficient_scope' })
  }
})
