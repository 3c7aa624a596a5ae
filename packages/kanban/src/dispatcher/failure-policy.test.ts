import type { FailureClass, RunFailure } from '@talaria/db'
import { expect, test } from 'vitest'
import { FAILURE_POLICY, judgeFailure, type FailedAttempts } from './failure-policy.ts'

const failed = (kind: FailureClass, message = 'x'): RunFailure => ({ class: kind, code: 'some_code', message })
const past = (changes: Partial<FailedAttempts> = {}): FailedAttempts => ({ failures: 0, maxAttempts: 5, lastFailure: null, attempts: 1, ...changes })
const at = { now: 1_000_000, random: 1 }

test.each(Object.keys(FAILURE_POLICY) as FailureClass[])('a first failure of class %s is tried again, unless its limit is one', (kind) => {
  const verdict = judgeFailure(failed(kind), past(), at)
  if (FAILURE_POLICY[kind].limit === 1) expect(verdict).toEqual({ isCounted: true, giveUp: true, retryAt: undefined })
  else expect(verdict).toEqual({ isCounted: FAILURE_POLICY[kind].isCounted, giveUp: false, retryAt: at.now + FAILURE_POLICY[kind].baseMs })
})

test('the wait doubles with each failure, up to its bound, and is never less than half of that', () => {
  const waits = [0, 1, 2, 3].map((failures) => judgeFailure(failed('crash'), past({ failures, maxAttempts: 99 }), at).retryAt! - at.now)
  expect(waits).toEqual([10_000, 20_000, 40_000, 80_000])
  expect(judgeFailure(failed('crash'), past({ failures: 40, maxAttempts: 99 }), at).retryAt! - at.now).toBe(3_600_000)
  expect(judgeFailure(failed('crash'), past(), { ...at, random: 0 }).retryAt! - at.now).toBe(5_000)
})

test('the last attempt that a task has is not followed by another', () => {
  expect(judgeFailure(failed('crash'), past({ failures: 3 }), at).giveUp).toBe(false)
  expect(judgeFailure(failed('crash'), past({ failures: 4 }), at).giveUp).toBe(true)
})

test('rate limits never use up attempts, and are not tried before the time that the provider names', () => {
  const limited = { ...failed('rate_limit'), retryAt: at.now + 7_200_000 }
  for (const attempts of [1, 10, 1_000]) {
    expect(judgeFailure(limited, past({ failures: 4, attempts, lastFailure: limited }), at)).toEqual({
      isCounted: false,
      giveUp: false,
      retryAt: at.now + 7_200_000,
    })
  }
})

test('the same failure three times in a row is not bad luck', () => {
  const same = failed('crash', 'Cannot find module left-pad')
  expect(judgeFailure(same, past({ failures: 2, maxAttempts: 99, lastFailure: same }), at).giveUp).toBe(true)
  expect(judgeFailure(same, past({ failures: 2, maxAttempts: 99, lastFailure: failed('crash', 'another') }), at).giveUp).toBe(false)
})
