import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { startTestGateway } from '../../test/start-test-gateway.ts'

checkForLeaks()

const address = { platform: 'twin', account: 'bot', chatId: 'chat-1', threadId: '' }

async function withQueue() {
  const t = await startTestGateway()
  const id = 'ses-1'
  await t.api.json(t.api.post('/api/sessions', { id }))
  await t.stores.routes.point('key', { address, sessionId: id })
  for (const text of ['one', 'two']) {
    await t.stores.inbound.accept({
      id: `in_${text}`,
      address,
      messageId: text,
      sessionKey: 'key',
      sender: { id: 'ada', name: 'Ada' },
      body: { text },
      mode: 'queue',
    })
  }
  return { t, path: `/api/sessions/${id}/queue` }
}

test('what waits in a session can be seen, changed and dropped', async () => {
  const { t, path } = await withQueue()
  await using _t = t
  expect(await t.api.json(t.api.get(path))).toMatchObject({
    data: [
      { id: 'in_one', text: 'one', sender: { id: 'ada', name: 'Ada' } },
      { id: 'in_two', text: 'two' },
    ],
  })
  expect(await t.api.json(t.api.patch(`${path}/in_two`, { text: 'two, please' }))).toMatchObject({ id: 'in_two', text: 'two, please' })
  expect(await t.api.json(t.api.delete(`${path}/in_one`))).toMatchObject({ deleted: true })
  expect(await t.api.json(t.api.get(path))).toMatchObject({ data: [{ id: 'in_two', text: 'two, please' }] })
})

test('what is being answered can be neither changed nor dropped', async () => {
  const { t, path } = await withQueue()
  await using _t = t
  await t.stores.inbound.take('key', 'runner', 1)
  for (const call of [t.api.delete(`${path}/in_one`), t.api.patch(`${path}/in_one`, { text: 'x' })]) {
    expect(await t.api.refusal(call)).toEqual({ status: 404, code: 'queued_message_not_found', param: 'message' })
  }
})

test('the queue of a session is seen by those who see the session', async () => {
  const { t, path } = await withQueue()
  await using _t = t
  const { key } = await t.api.json(t.api.post('/api/keys', { name: 'other' }))
  expect(await t.api.refusal(t.api.as(String(key)).get(path))).toMatchObject({ status: 404, code: 'session_not_found' })
})
