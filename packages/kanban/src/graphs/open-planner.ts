import { createAgent } from '@talaria/agent'
import { agentSettingsOf } from '@talaria/agent/settings'
import type { Clock, Log } from '@talaria/core'
import type { Planner } from './planner.ts'
import { plannerOf } from './planner-of.ts'

/** A planner with an agent of its own, which opens a connection when it is first asked; disposing closes it. */
export function openPlanner(
  agentSettings: Parameters<typeof agentSettingsOf>[0],
  kanbanSettings: Parameters<typeof plannerOf>[1],
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Planner & AsyncDisposable {
  const agent = createAgent({ settings: agentSettingsOf(agentSettings), tools: [], clock, log })
  return { ...plannerOf(agent, kanbanSettings, clock), [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() }
}
