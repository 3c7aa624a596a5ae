import type { Agent } from '@talaria/agent'
import type { Clock } from '@talaria/core'
import type { KanbanSettings } from '../settings.ts'
import { agentPlanModel } from './agent-plan-model.ts'
import type { Planner } from './planner.ts'

/** A planner that asks an agent, for the assignees of these settings. */
export function plannerOf(
  agent: Agent,
  { workers, assignees = [], defaultAssignee }: Pick<KanbanSettings, 'workers' | 'assignees' | 'defaultAssignee'>,
  clock: Clock,
): Planner {
  return { model: agentPlanModel(agent, clock), assignees: [...Object.keys(workers), ...assignees], defaultAssignee }
}
