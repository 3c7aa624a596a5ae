import { FakeClock } from '@talaria/core/testing'
import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { Approvals } from './approvals.ts'

const never = new AbortController().signal

test('a question is answered by its id, and each once', async () => {
  const clock = new FakeClock()
  const approvals = new Approvals(clock)
  const [one, two] = [approvals.ask('run', 'ses', { id: 'q1', tool: 'shell' }, never), approvals.ask('run', 'ses', { id: 'q2', tool: 'shell' }, never)]
  expect(approvals.answer('run', 'deny', { id: 'q2' })).toBe(1)
  expect(approvals.answer('run', 'once', { id: 'q1' })).toBe(1)
  expect(await Promise.all([one, two])).toEqual(['allow', 'deny'])
  expect(approvals.answer('run', 'once', { id: 'q1' })).toBe(0)
  expect(clock.sleeping).toBe(0)
})

test('without an id the oldest question is answered, or all of them', async () => {
  const approvals = new Approvals(new FakeClock())
  const asked = ['q1', 'q2', 'q3'].map((id) => approvals.ask('run', 'ses', { id, tool: id }, never))
  expect(approvals.answer('run', 'once', {})).toBe(1)
  expect(await asked[0]).toBe('allow')
  expect(approvals.answer('run', 'deny', { all: true })).toBe(2)
  expect(await Promise.all(asked)).toEqual(['allow', 'deny', 'deny'])
})

test('a tool that is allowed for the session is not asked for again there, and is elsewhere', async () => {
  const approvals = new Approvals(new FakeClock())
  const asked = approvals.ask('run_1', 'ses', { id: 'q1', tool: 'shell' }, never)
  approvals.answer('run_1', 'session', {})
  expect(await asked).toBe('allow')
  expect(await approvals.ask('run_2', 'ses', { id: 'q2', tool: 'shell' }, never)).toBe('allow')
  const [other, elsewhere] = [
    approvals.ask('run_2', 'ses', { id: 'q3', tool: 'mail' }, never),
    approvals.ask('run_3', 'ses_2', { id: 'q4', tool: 'shell' }, never),
  ]
  expect([approvals.answer('run_2', 'deny', {}), approvals.answer('run_3', 'deny', {})]).toEqual([1, 1])
  expect(await Promise.all([other, elsewhere])).toEqual(['deny', 'deny'])
})

test('nobody answers for five minutes: the answer is no', async () => {
  const clock = new FakeClock()
  const approvals = new Approvals(clock)
  let answer: string | undefined
  void approvals.ask('run', 'ses', { id: 'q1', tool: 'shell' }, never).then((choice) => (answer = choice))
  await clock.advance(5 * 60_000 - 1)
  expect(answer).toBeUndefined()
  await clock.advance(1)
  expect(answer).toBe('deny')
  expect(approvals.answer('run', 'once', {})).toBe(0)
})

test('a turn that ends takes its questions with it, and leaves neither timer nor listener', async () => {
  const clock = new FakeClock()
  const approvals = new Approvals(clock)
  const turn = new AbortController()
  const asked = approvals.ask('run', 'ses', { id: 'q1', tool: 'shell' }, turn.signal)
  turn.abort(new Error('stopped'))
  expect(await asked).toBe('deny')
  expect(approvals.answer('run', 'once', {})).toBe(0)
  expect(clock.sleeping).toBe(0)
  expect(getEventListeners(turn.signal, 'abort')).toEqual([])
})
