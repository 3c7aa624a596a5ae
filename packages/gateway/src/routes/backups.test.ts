import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '@talaria/core/testing'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { dataOf, framesOf } from '../../test/frames.ts'
import { startTestGateway, type TestGateway } from '../../test/start-test-gateway.ts'

checkForLeaks()

const backups = ({ home }: TestGateway) => (existsSync(join(home, 'backups')) ? readdirSync(join(home, 'backups')) : [])

test('a backup is made while the gateway works, its progress is told, and it can be opened', async () => {
  await using t = await startTestGateway()
  await t.api.json(t.api.post('/api/sessions', { id: 'kept' }))
  const events = dataOf(await t.api.frames(t.api.post('/api/backups', { name: 'mine.db' })))
  expect(events.at(-1)).toEqual({ event: 'completed', file: join(t.home, 'backups', 'mine.db') })
  expect(events.slice(0, -1)).toEqual(events.slice(0, -1).map(() => ({ event: 'progress', done: expect.any(Number), total: expect.any(Number) })))
  expect(backups(t)).toEqual(['mine.db'])
})

test('a backup without a name is named by the time', async () => {
  await using t = await startTestGateway()
  await t.api.frames(t.api.post('/api/backups'))
  expect(backups(t)).toEqual([expect.stringMatching(/^gateway-\d{4}-\d\d-\d\dT[\d-]+Z\.db$/)])
})

test('a backup that fails says so, and why', async () => {
  await using t = await startTestGateway()
  await t.api.frames(t.api.post('/api/backups', { name: 'mine.db' }))
  expect(dataOf(await t.api.frames(t.api.post('/api/backups', { name: 'mine.db' }))).at(-1)).toMatchObject({
    event: 'failed',
    message: expect.stringContaining('mine.db'),
  })
})

test('a backup ends with the client that asked for it, and leaves nothing', async () => {
  await using t = await startTestGateway()
  const { id } = (await t.api.json(t.api.post('/api/sessions', {}))).session
  const page = Array.from({ length: 25 }, (_, n) => ({ id: `msg_${n}`, role: 'user', content: 'x'.repeat(400_000) }) as const)
  await t.stores.sessions.append(id, { all: true }, page)
  const frames = framesOf(await t.api.post('/api/backups', { name: 'mine.db' }))
  expect((await frames.next()).value).toBeDefined()
  await frames.return(undefined)
  await until('nothing is left', 5_000, () => backups(t).length === 0)
  expect((await t.api.frames(t.api.post('/api/backups', { name: 'mine.db' }))).length).toBeGreaterThan(0)
})

test.each(['../escape.db', 'a/b', '.hidden', '', 'x'.repeat(201)])('%j is no name of a backup', async (name) => {
  await using t = await startTestGateway()
  expect(await t.api.refusal(t.api.post('/api/backups', { name }))).toEqual({ status: 400, code: 'invalid_value', param: 'name' })
})

test('no backup begins while the gateway drains', async () => {
  await using t = await startTestGateway()
  await t.gateway.drain()
  expect(await t.api.refusal(t.api.post('/api/backups', {}))).toMatchObject({ status: 503, code: 'gateway_draining' })
})
