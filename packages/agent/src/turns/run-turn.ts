import { createId } from '@talaria/core'
import { AgentError } from '../agent-error.ts'
import type { AgentEvent, AgentRequest } from '../agent.ts'
import { modelFailureOf, type ModelFailure } from '../models/model-failure.ts'
import type { ModelStream } from '../models/model-stream.ts'
import { openAnswer, type ModelContext } from '../models/open-answer.ts'
import type { Tool } from '../tools/tool.ts'
import { callOptionsOf, toolsOf } from './call-options.ts'
import { promptOf, toolMessageOf } from './prompt.ts'
import { runTools } from './run-tools.ts'
import { Step } from './step.ts'
import { NO_USAGE, sumOfUsage } from './usage.ts'

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
  let targets = context.models.targetsOf(request.model)
  let usage = NO_USAGE
  let stream: ModelStream | undefined
  try {
    signal.throwIfAborted()
    const { offered, serverTools, isClientTool } = toolsOf(request, context.tools)
    const rules = { sessionId: request.sessionId, tools: serverTools, approvals: settings.approvals, approve: request.approve, redact: context.redact }
    const prompt = promptOf(request.messages, [settings.instructions, request.instructions])
    for (let number = 1; ; number++) {
      const step = new Step(isClientTool)
      const options = callOptionsOf(request, { offered, isFirstStep: number === 1, spentTokens: usage.outputTokens })
      const answer = await openAnswer(targets, { ...options, prompt }, { ...context, signal })
      if ('failure' in answer) return yield failedEventOf(answer)
      stream = answer.stream
      // The turn stays with the model that answered, instead of waiting for the others again in every step.
      targets = targets.slice(targets.indexOf(answer.target))
      for (let part; (part = await stream.next());) {
        for (const event of step.accept(part)) yield event
      }
      await stream.close()
      stream = undefined
      usage = sumOfUsage(usage, step.usage)
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
    // While a stream is open, what is thrown is the model's; what we raise on purpose has a code; the rest is our mistake.
    const isKnown = stream !== undefined || error instanceof AgentError
    const failure = modelFailureOf(isKnown ? error : mistakeOf(error, request, context), targets[0]!, context)
    context.log.warn({ target: targets[0]!.name, code: failure.code, turn: request.turnId }, 'a turn failed')
    yield failedEventOf(failure)
  } finally {
    await stream?.close()
  }
}

function failedEventOf({ failure, code, message }: ModelFailure): AgentEvent {
  return { type: 'failed', failure, code, message }
}

/** For the log everything, for people an id to find it by. */
function mistakeOf(error: unknown, { turnId }: AgentRequest, { clock, log }: TurnContext): AgentError {
  const id = createId('err', clock.now())
  log.error({ err: error, error_id: id, turn: turnId }, 'a turn failed inside the agent')
  return new AgentError('agent_failed', id)
}
