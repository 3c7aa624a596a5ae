import { createId } from '@talaria/core'
import { AgentError } from '../agent-error.ts'
import type { AgentEvent, AgentRequest, Usage } from '../agent.ts'
import { modelFailureOf, type ModelFailure } from '../models/model-failure.ts'
import { NoAnswer, openAnswer, type ModelContext, type OpenedAnswer } from '../models/open-answer.ts'
import type { Tool } from '../tools/tool.ts'
import { callOptionsOf, toolsOf } from './call-options.ts'
import { promptOf, toolMessageOf } from './prompt.ts'
import { runTools } from './run-tools.ts'
import { Step } from './step.ts'

/** What a turn is run with. */
export interface TurnContext extends ModelContext {
  readonly tools: readonly Tool[]
}

/**
 * One turn: asks the model, runs the server's tools, asks again, until there is nothing more to run, the client has to
 * run a tool of its own, or `maxSteps` or the limit of output tokens is used up (then the reason is `length`).
 *
 * The loop is one generator: each further one that an event is handed through costs as much as making the event.
 */
export async function* runTurn(request: AgentRequest, signal: AbortSignal, context: TurnContext): AsyncGenerator<AgentEvent> {
  const { settings } = context
  const { maxOutputTokens = Number.POSITIVE_INFINITY } = request.sampling ?? {}
  let usage: Usage = { inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedInputTokens: 0 }
  let answer: OpenedAnswer | undefined
  try {
    signal.throwIfAborted()
    const { offered, serverTools, isClientTool } = toolsOf(request, context.tools)
    const rules = { tools: serverTools, approvals: settings.approvals, approve: request.approve, redact: context.redact }
    const targets = context.models.targetsOf(request.model)
    const prompt = promptOf(request.messages, [settings.instructions, request.instructions])
    for (let number = 1; ; number++) {
      const step = new Step(isClientTool)
      const options = callOptionsOf(request, { offered, isFirstStep: number === 1, spentTokens: usage.outputTokens })
      answer = await openAnswer(targets, { ...options, prompt }, { ...context, signal })
      for (let part; (part = await answer.stream.next());) {
        for (const event of step.accept(part)) yield event
      }
      await answer.stream.close()
      answer = undefined
      usage = sumOf(usage, step.usage)
      yield { type: 'usage', usage }

      const ofServer = step.calls.filter(({ runs }) => runs === 'server')
      if (step.message) prompt.push(step.message)
      if (ofServer.length > 0) prompt.push(toolMessageOf(yield* runTools(ofServer, rules, signal)))
      if (ofServer.length < step.calls.length) return yield { type: 'finished', reason: step.finishReason === 'length' ? 'length' : 'tool_calls' }

      const mayGoOn = number < settings.maxSteps && usage.outputTokens < maxOutputTokens
      const steered = mayGoOn ? request.steer?.() : undefined
      if (steered) {
        prompt.push({ role: 'user', content: [{ type: 'text', text: steered }] })
        yield { type: 'steered', text: steered }
      } else if (ofServer.length === 0) {
        return yield { type: 'finished', reason: step.finishReason }
      } else if (!mayGoOn) {
        return yield { type: 'finished', reason: 'length' }
      }
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    yield { type: 'failed', ...turnFailureOf(error, answer, request, context) }
  } finally {
    await answer?.stream.close()
  }
}

function sumOf(a: Usage, b: Usage): Usage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
  }
}

function turnFailureOf(
  error: unknown,
  answer: OpenedAnswer | undefined,
  request: AgentRequest,
  context: TurnContext,
): Pick<ModelFailure, 'failure' | 'code' | 'message'> {
  if (error instanceof NoAnswer) return pick(error.failure)
  const target = answer?.target ?? context.models.targetsOf(request.model)[0]!
  if (answer || error instanceof AgentError) {
    const failure = modelFailureOf(error, target, context)
    context.log.warn({ target: target.name, code: failure.code, turn: request.turnId }, 'a turn failed')
    return pick(failure)
  }
  const id = createId('err', context.clock.now())
  context.log.error({ err: error, error_id: id, turn: request.turnId }, 'a turn failed inside the agent')
  return pick(modelFailureOf(new AgentError('agent_failed', id), target, context))
}

function pick({ failure, code, message }: ModelFailure): Pick<ModelFailure, 'failure' | 'code' | 'message'> {
  return { failure, code, message }
}
