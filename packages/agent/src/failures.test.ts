import { expect, test } from 'vitest'
import { FAILURES, failureOf, type Failure } from './failures.ts'

const ROWS: readonly Failure[] = FAILURES

test('every code and every key belongs to one row', () => {
  const keys = ROWS.flatMap(({ code, on }) => [code, ...on.map(String)])
  expect(new Set(keys).size).toBe(keys.length)
})

test('every HTTP status from 300 to 599 has a row of its own kind', () => {
  const statuses = Array.from({ length: 300 }, (_, index) => 300 + index)
  expect(statuses.filter((status) => failureOf([status, `${String(status)[0]}xx`]).code === 'model_failed')).toEqual([])
})

test.each([
  [408, 'retryable'],
  [409, 'retryable'],
  [429, 'retryable'],
  [500, 'retryable'],
  [502, 'retryable'],
  [503, 'retryable'],
  [529, 'retryable'],
  [400, 'fatal'],
  [422, 'fatal'],
  [401, 'misconfigured'],
  [403, 'misconfigured'],
  [404, 'misconfigured'],
])('a status of %i is %s', (status, failure) => {
  expect(failureOf([status, `${String(status)[0]}xx`]).failure).toBe(failure)
})

test('the first key that has a row decides, so that an exhausted quota is told from a busy server', () => {
  expect(failureOf(['insufficient_quota', 429]).failure).toBe('misconfigured')
})

test('what nobody knows is a failure that would happen again', () => {
  expect(failureOf(['SOMETHING_NEW'])).toMatchObject({ code: 'model_failed', failure: 'fatal' })
})

test('messages use only the placeholders that are filled in', () => {
  const used = new Set(ROWS.flatMap(({ message }) => message.match(/\{\w+\}/g) ?? []))
  expect([...used].toSorted()).toEqual(['{detail}', '{keyVariable}', '{provider}', '{target}', '{urlVariable}', '{where}'])
})
