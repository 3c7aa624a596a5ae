import type { Run, TaskDetail } from '@talaria/db'
import { expect, test } from 'vitest'
import { judgeTasks, type TaskRecord } from './judge-tasks.ts'

const run = (changes: Partial<Run> = {}) => ({ id: 'run_1', attempt: 1, fence: 1, outcome: 'completed', endedAt: 1, ...changes }) as Run
const record = ({
  task = {},
  runs = [run()],
  completions = 1,
}: { task?: Partial<TaskDetail>; runs?: readonly Run[]; completions?: number } = {}): TaskRecord => ({
  task: { number: 7, state: 'done', summary: 'attempt 1', ...task } as TaskDetail,
  runs,
  events: Array.from({ length: completions }, () => ({ kind: 'task.completed' }) as TaskRecord['events'][number]),
})

test('a task that was done once, by the last of its attempts, is well', () => {
  expect(judgeTasks([record()])).toEqual([])
  const second = run({ id: 'run_2', attempt: 2, fence: 2 })
  expect(judgeTasks([record({ task: { summary: 'attempt 2' }, runs: [run({ outcome: 'failed' }), second] })])).toEqual([])
})

test.each([
  ['never done', record({ task: { state: 'ready' }, runs: [run({ outcome: 'failed' })], completions: 0 })],
  ['done twice', record({ runs: [run(), run({ id: 'run_2', attempt: 2, fence: 2 })] })],
  ['logged twice', record({ completions: 2 })],
  [
    'with the result of another attempt',
    record({ task: { summary: 'attempt 1' }, runs: [run({ outcome: 'failed' }), run({ id: 'run_2', attempt: 2, fence: 2 })] }),
  ],
  ['with an attempt that is open', record({ runs: [run({ outcome: null, endedAt: null }), run({ id: 'run_2', attempt: 1, fence: 2 })] })],
  ['with a fence that does not grow', record({ runs: [run({ outcome: 'failed', fence: 2 }), run({ id: 'run_2', attempt: 1, fence: 2 })] })],
])('a task that was %s is not', (_, bad) => {
  expect(judgeTasks([bad])).not.toEqual([])
})
