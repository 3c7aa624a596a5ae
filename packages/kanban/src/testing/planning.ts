import { createAgent } from '@talaria/agent'
import { silentLog, type Clock } from '@talaria/core'
import { agentPlanModel } from '../graphs/agent-plan-model.ts'
import type { PlanModel } from '../graphs/plan-model.ts'
import type { Planner } from '../graphs/planner.ts'

/** A planner with the scripted model, which does what a task's own lines tell it, and a count of how often it was asked at once. */
export function testPlanner(clock: Clock, others: Partial<Planner> = {}) {
  const model = agentPlanModel(createAgent({ settings: { maxAttempts: 1 }, tools: [], clock, log: silentLog }), clock)
  const asked = { now: 0, most: 0, total: 0 }
  const counting: PlanModel = {
    async ask(question, signal) {
      asked.total += 1
      asked.most = Math.max(asked.most, (asked.now += 1))
      try {
        return await model.ask(question, signal)
      } finally {
        asked.now -= 1
      }
    },
  }
  return { planner: { model: counting, assignees: ['coder', 'writer'], defaultAssignee: 'coder', ...others } satisfies Planner, asked }
}

/** Lines by which a task tells the scripted model what to answer. */
export const planLine = (plan: object) => `!json ${JSON.stringify({ plan: { rationale: 'because', ...plan } })}`
