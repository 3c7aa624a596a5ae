import { systemClock as clock } from '@talaria/core'
import { expect, test } from 'vitest'
import { runKanbanSoak } from './run-kanban-soak.ts'

const SEED = Number(process.env.TALARIA_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** @see hermes-agent #21141, #113612, PR #101911: double workers, and restarts that kill what runs. */
test(`every task ends exactly once, whoever of two dispatchers and their workers is killed or stopped (seed ${SEED})`, { timeout: 240_000 }, async () => {
  const { tasks, faults, findings } = await runKanbanSoak({ minutes: 0.15, kills: 3, seed: SEED, rate: 1.5, clock, onLine: () => {} })
  expect(faults, `seed ${SEED}`).toEqual([])
  expect(findings.filter(({ holds }) => holds === false)).toEqual([])
  expect(tasks).toBeGreaterThan(4)
})
