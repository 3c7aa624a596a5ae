import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { startTestGateway } from '../../test/start-test-gateway.ts'
import { WorkPause } from './work-pause.ts'

checkForLeaks()

test('while an operator has paused all work, requests that would begin an answer are refused, and others are not', async () => {
  await using t = await startTestGateway()
  const pause = new WorkPause(t.stores.platforms)
  await pause.set(true)
  const ask = () => t.api.post('/v1/chat/completions', { model: 'talaria', messages: [{ role: 'user', content: 'Hello' }] })
  const refused = await ask()
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '30'])
  expect(await t.api.refusal(ask())).toMatchObject({ code: 'gateway_paused' })
  expect((await t.api.get('/v1/models')).status).toBe(200)
  await pause.set(false)
  expect((await ask()).status).not.toBe(503)
})
