import type { Agent, Usage } from '@talaria/agent'
import { z } from 'zod'
import type { RunAnswer } from '../workers/worker-protocol.ts'
import type { SpendMeter } from './spend-meter.ts'

const Verdict = z.object({ verdict: z.enum(['fulfilled', 'unfulfilled', 'impossible']), reason: z.string() })

/** What a judge says of a task under way. */
export type GoalVerdict = z.output<typeof Verdict>

const INSTRUCTIONS =
  'You judge whether a task is fulfilled, by its own words and by what the worker says it did. Be strict: a claim without a result is unfulfilled. impossible: nothing that the worker could do would fulfil it.'

/** Longer texts tell a judge nothing more. */
const LONGEST = 20_000

/** Asks the agent, apart from its work, whether the task's own words are fulfilled. One that gives no verdict has not said yes. */
export async function judgeGoal(
  { agent, run, said, spend }: { readonly agent: Agent; readonly run: RunAnswer; readonly said: string; readonly spend: SpendMeter },
  signal: AbortSignal,
): Promise<GoalVerdict> {
  const { $schema: _, ...schema } = z.toJSONSchema(Verdict)
  const request = {
    turnId: `${run.runId}:judge`,
    sessionId: run.runId,
    model: '',
    instructions: INSTRUCTIONS,
    messages: [
      {
        role: 'user' as const,
        content: `The task:\n${run.task.title}\n\n${run.task.body.slice(0, LONGEST)}\n\nThe worker says:\n${said.slice(-LONGEST) || '(nothing)'}`,
      },
    ],
    toolChoice: 'none' as const,
    sampling: { responseFormat: { type: 'json' as const, name: 'verdict', schema } },
  }
  let text = ''
  let usage: Usage | undefined
  for await (const event of agent.run(request, signal)) {
    if (event.type === 'text.delta') text += event.text
    if (event.type === 'usage') usage = event.usage
    if (event.type === 'failed') return { verdict: 'unfulfilled', reason: event.message }
  }
  if (usage) spend.add(usage)
  return verdictIn(text) ?? { verdict: 'unfulfilled', reason: 'The judge gave no verdict.' }
}

function verdictIn(text: string): GoalVerdict | undefined {
  try {
    return Verdict.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
