import type { Agent, AgentEvent } from '@talaria/agent'
import { createId, type Clock } from '@talaria/core'
import { z } from 'zod'
import { PlanError } from './plan-error.ts'
import type { PlanModel, PlanQuestion } from './plan-model.ts'

/** A model that thinks for longer has lost its way. */
const TIMEOUT_MS = 180_000

/** Low, for plans that are alike for the same task; not 0, so that a bad answer is not given again. */
const TEMPERATURE = 0.3

/** Asks the agent's default model, which is offered no tools. */
export function agentPlanModel(agent: Agent, clock: Clock): PlanModel {
  return {
    async ask(question, signal) {
      const timeout = new AbortController()
      const answered = new AbortController()
      void clock.delay(TIMEOUT_MS, answered.signal).then(
        () => timeout.abort(new PlanError('MODEL_TIMEOUT', `The model has not answered within ${TIMEOUT_MS / 1_000} s.`)),
        () => {},
      )
      try {
        return valueOf(await textOf(agent.run(requestOf(question), AbortSignal.any([signal, timeout.signal]))), question.schema)
      } finally {
        answered.abort()
      }
    },
  }
}

function requestOf({ name, instructions, text, schema }: PlanQuestion<z.ZodType>) {
  return {
    turnId: createId('turn'),
    sessionId: createId('sess'),
    model: '',
    instructions,
    messages: [{ role: 'user' as const, content: text }],
    toolChoice: 'none' as const,
    sampling: { temperature: TEMPERATURE, responseFormat: { type: 'json' as const, name, schema: z.toJSONSchema(schema) as Record<string, unknown> } },
  }
}

async function textOf(events: AsyncIterable<AgentEvent>): Promise<string> {
  let text = ''
  for await (const event of events) {
    if (event.type === 'text.delta') text += event.text
    if (event.type === 'failed') throw new PlanError('MODEL_FAILED', event.message, { details: { code: event.code } })
  }
  return text
}

/** The answer, also when a model that knows no better has put it into a block of code. */
function valueOf<Schema extends z.ZodType>(text: string, schema: Schema): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text.trim().replace(/^```(?:json)?\s*(.*?)\s*```$/s, '$1')))
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error).split('\n')[0]!.replace(/^✖ /, '') : 'it is no JSON'
    throw new PlanError('MODEL_ANSWER', `The model's answer is no plan: ${reason}.`, { cause: error })
  }
}
