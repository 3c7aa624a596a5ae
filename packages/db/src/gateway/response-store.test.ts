import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { acceptance, item, responseNamed, settlement } from '../testing/gateway-records.ts'
import { openTestDatabases, type TestDatabases } from '../testing/open-test-databases.ts'
import { countOf, rowsOf } from '../testing/rows-of.ts'
import type { NewResponse, Viewer } from './records.ts'

checkForLeaks()

const me: Viewer = { owner: 'me' }
const keep = { sessionsMs: undefined, runsMs: undefined }

test('a response is found by its owner, with its own items and nothing of what came before', async () => {
  await using test = openTestDatabases()
  const { responses } = test.databases.gateway
  await answer(test, 'a')
  await answer(test, 'b', { previousResponseId: 'a' })
  expect(await responses.get('b', me)).toMatchObject({
    id: 'b',
    owner: 'me',
    previousResponseId: 'a',
    status: 'completed',
    input: [item('in b')],
    output: [item('out b')],
  })
  expect(await responses.get('b', { owner: 'other' })).toBeUndefined()
  expect(await responses.get('b', { all: true })).toBeDefined()
  expect(await responses.ofTurn('run_b')).toMatchObject({ id: 'b' })
})

test('the context of a response is all that was said up to it, oldest first, also through responses that were deleted', async () => {
  await using test = openTestDatabases()
  const { responses } = test.databases.gateway
  await answer(test, 'a')
  await answer(test, 'b', { previousResponseId: 'a' })
  await answer(test, 'c', { previousResponseId: 'b' })
  await answer(test, 'other branch', { previousResponseId: 'a' })
  const texts = ['in a', 'out a', 'in b', 'out b', 'in c', 'out c']
  expect((await responses.context('c')).map(({ id }) => id)).toEqual(texts)
  expect(await responses.delete('b', me)).toBe(true)
  expect(await responses.get('b', me)).toBeUndefined()
  await test.databases.gateway.retention.sweep(keep)
  expect((await responses.context('c')).map(({ id }) => id)).toEqual(texts)
  expect(await responses.context('nowhere')).toEqual([])
})

test('a response that was deleted or has expired answers nothing, and cannot be deleted again', async () => {
  const clock = new FakeClock(1_000)
  await using test = openTestDatabases({ clock })
  const { responses } = test.databases.gateway
  await answer(test, 'deleted')
  await answer(test, 'expiring', { expiresAt: 5_000 })
  expect(await responses.delete('deleted', { owner: 'other' })).toBe(false)
  expect(await responses.delete('deleted', me)).toBe(true)
  expect(await responses.delete('deleted', me)).toBe(false)
  await clock.advance(3_999)
  expect(await responses.get('expiring', me)).toBeDefined()
  await clock.advance(1)
  expect(await responses.get('expiring', me)).toBeUndefined()
  expect(await responses.delete('expiring', me)).toBe(false)
})

test('responses go with the session that was deleted', async () => {
  await using test = openTestDatabases()
  const { responses, sessions } = test.databases.gateway
  await answer(test, 'a')
  await sessions.delete('ses_1', me)
  expect(await responses.get('a', me)).toBeUndefined()
})

/** Storing the whole conversation with each response would take about 40 MB. */
test('200 answers in a row take storage in proportion to what was said, not to its square', async () => {
  await using test = openTestDatabases()
  const text = 'x'.repeat(1_000)
  const bytes: number[] = []
  for (const from of [0, 100]) {
    const answers = Array.from({ length: 100 }, (_, i) => from + i)
    await Promise.all(answers.map((i) => answer(test, `r${i}`, { input: [item(text)], ...(i > 0 && { previousResponseId: `r${i - 1}` }) })))
    bytes.push(rowsOf<{ bytes: number }>(test.file, 'select sum(length(input) + length(output) + length(envelope)) as bytes from response')[0]!.bytes)
  }
  expect(bytes[1]! / bytes[0]!).toBeCloseTo(2, 1)
  expect(bytes[1]).toBeLessThan(200 * 2.5 * text.length)
  expect(await test.databases.gateway.responses.context('r199')).toHaveLength(400)
  expect(countOf(test.file, 'response')).toBe(200)
})

async function answer({ databases }: TestDatabases, id: string, changes: Partial<NewResponse> = {}): Promise<void> {
  const { turns } = databases.gateway
  await turns.accept(acceptance(`run_${id}`, { response: responseNamed(id, changes) }))
  await turns.settle(
    `run_${id}`,
    'runner_1',
    settlement(`answer ${id}`, { response: { status: 'completed', envelope: { model: 'scripted' }, output: [item(`out ${id}`)] } }),
  )
}
