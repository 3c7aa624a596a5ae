import { checkForLeaks } from '@talaria/db/testing'
import type { Model } from 'openai/resources/models'
import { expect, test } from 'vitest'
import { startTestGateway } from '../../test/start-test-gateway.ts'
import { TestAgent } from '../../test/test-agent.ts'

checkForLeaks()

const models = [
  { id: 'openai/gpt-5', target: 'openai/gpt-5', ownedBy: 'openai' },
  { id: 'fast', target: 'openai-compatible/qwen/qwen3:8b', ownedBy: 'openai-compatible' },
]

test('the default model is listed first, under the name that clients see, and others under theirs', async () => {
  await using t = await startTestGateway({ agent: new TestAgent({ models }), env: { API_SERVER_MODEL_NAME: 'mine' } })
  const { object, data } = await t.api.json<{ object: string; data: Model[] }>(t.api.get('/v1/models'))
  expect(object).toBe('list')
  expect(data.map(({ id, object: kind }) => [id, kind])).toEqual([
    ['mine', 'model'],
    ['fast', 'model'],
  ])
  for (const model of data)
    expect(model).toMatchObject({ created: expect.toSatisfy(Number.isInteger), owned_by: expect.any(String), root: expect.any(String), parent: null })
  for (const model of data) expect(await t.api.json(t.api.get(`/v1/models/${model.id}`))).toEqual(model)
})

test('a name with slashes is found as it is and encoded; one that is not listed is not', async () => {
  await using t = await startTestGateway({ agent: new TestAgent({ models: [models[1]!, models[0]!] }) })
  for (const path of ['openai/gpt-5', 'openai%2Fgpt-5']) expect((await t.api.json(t.api.get(`/v1/models/${path}`))).id).toBe('openai/gpt-5')
  expect(await t.api.refusal(t.api.get('/v1/models/gpt-17'))).toEqual({ status: 404, code: 'model_not_found', param: 'model' })
})
