import { AgentError, createAgent, currentTime, type Agent, type AgentEvent, type AgentSettingsInput } from '@talaria/agent'
import { messageOf } from '@talaria/core'
import { boardTools } from './board-tools.ts'
import { Conversation } from './conversation.ts'
import { judgeGoal } from './judge-goal.ts'
import { SpendMeter } from './spend-meter.ts'
import { ALREADY_SAID, type Work, type WorkContext, type WorkerEnd } from './work.ts'
import { endOfWords } from './end-of-words.ts'

const INSTRUCTIONS = [
  'You work on one task of a kanban board, alone and without a person in the conversation. Do what it asks.',
  'When it is done, call kanban_complete with a summary of what you did and what came of it: whoever waits for the task reads that.',
  'If you cannot go on without a person or another task, call kanban_block and say what is needed.',
  'If the task asks for a review, call kanban_request_review instead. Comments on other tasks, and new tasks, are yours to make.',
].join('\n')

const NUDGE =
  'The task is still open. Call kanban_complete with a summary if it is done, or kanban_block with the reason if you cannot go on. Without either, what you have just said becomes its summary.'

type Ending = Extract<AgentEvent, { type: 'finished' | 'failed' }>

/** Work that the built-in agent does, with the board's tools. What it costs is booked, what people say to it is heard between two steps. */
export function agentWork(settings: AgentSettingsInput): Work {
  return async (context) => {
    const { run, clock, log } = context
    const model = run.task.settings.model ?? (run.worker.executor === 'agent' ? run.worker.model : undefined)
    const judging: { agent?: Agent } = {}
    const conversation = new Conversation()
    const spend = new SpendMeter(context.spent)
    const judge = (signal: AbortSignal, claimed = '') =>
      judgeGoal({ agent: judging.agent!, run, said: `${conversation.lastText}\n${claimed}`.trim(), spend }, signal)
    // Nobody but the judge says that a goal is reached.
    const refuse = async (input: unknown, signal: AbortSignal) => {
      if (!run.task.settings.goal) return undefined
      const { verdict, reason } = await judge(signal, JSON.stringify(input))
      return verdict === 'fulfilled' ? undefined : `Not yet: ${reason}`
    }
    const board = await boardTools(context, refuse)
    let agent: Agent & AsyncDisposable
    try {
      agent = createAgent({ settings: { ...settings, ...(model !== undefined && { model }) }, clock, log, tools: [currentTime(clock), ...board.tools] })
    } catch (error) {
      if (!(error instanceof AgentError)) throw error
      return { as: 'block', body: { kind: 'capability', reason: `The agent is not set up for it: ${messageOf(error)}` } }
    }
    await using _agent = agent
    judging.agent = agent
    // Awaited here: leaving the block closes the agent.
    return await turns(context, { agent, conversation, spend, judge, hasEnded: board.hasEnded })
  }
}

interface Turns {
  readonly agent: Agent
  readonly conversation: Conversation
  readonly spend: SpendMeter
  readonly judge: (signal: AbortSignal) => ReturnType<typeof judgeGoal>
  readonly hasEnded: () => boolean
}

async function turns(context: WorkContext, { agent, conversation, spend, judge, hasEnded }: Turns): Promise<WorkerEnd | typeof ALREADY_SAID> {
  const { run, signal, steering, transcript, say } = context
  const { goal } = run.task.settings
  /** What the agent had said before it was reminded of how to end: its answer, where the reminder's is about the reminder. */
  let answer: string | undefined
  /** Done by the agent's last words; false when they were not taken, which it is told. */
  const isTaken = async () => {
    const refusal = await say(endOfWords(answer === undefined || answer.trim() === '' ? conversation.lastText : answer))
    answer = undefined
    if (refusal !== undefined) conversation.say(`The completion was not taken: ${refusal}\nPut it right, then call kanban_complete.`)
    return refusal === undefined
  }
  conversation.say(run.context)
  for (let turn = 1, isNudged = false; ; turn++) {
    const ending = await runTurn(context, { agent, conversation, spend, hasEnded, turn })
    if (hasEnded()) return ALREADY_SAID
    if (ending.type === 'failed') return endOfFailure(ending)
    const steered = steering.take()
    if (steered !== undefined) {
      answer = undefined
      conversation.say(steered)
    } else if (goal) {
      const { verdict, reason } = await judge(signal)
      transcript.add('note', `The judge: ${verdict}. ${reason}`, { isEntry: true })
      if (verdict === 'fulfilled' && (await isTaken())) return ALREADY_SAID
      if (verdict === 'impossible') return { as: 'block', body: { kind: 'needs_input', reason: `It cannot be done: ${reason}` } }
      if (turn >= goal.maxTurns) return { as: 'block', body: { kind: 'needs_input', reason: `Not done after ${turn} turns: ${reason}` } }
      if (verdict === 'unfulfilled') conversation.say(`The task is not done yet: ${reason}\nGo on.`)
    } else if (isNudged) {
      if (ending.reason === 'length')
        return { as: 'fail', body: { class: 'task', code: 'out_of_steps', message: 'The agent used up its steps before it was done.' } }
      if (await isTaken()) return ALREADY_SAID
    } else {
      isNudged = true
      answer = conversation.lastText
      conversation.say(NUDGE)
    }
  }
}

async function runTurn(
  { run, signal, steering, gate, transcript }: WorkContext,
  { agent, conversation, spend, hasEnded, turn }: Omit<Turns, 'judge'> & { readonly turn: number },
): Promise<Ending> {
  const { reasoningEffort } = run.task.settings
  const instructions = run.worker.executor === 'agent' ? run.worker.instructions : undefined
  const request = {
    turnId: `${run.runId}:${turn}`,
    sessionId: run.runId,
    model: '',
    instructions: instructions === undefined ? INSTRUCTIONS : `${INSTRUCTIONS}\n\n${instructions}`,
    messages: conversation.messages.slice(),
    steer: () => steering.take(),
    ...(reasoningEffort !== undefined && { sampling: { reasoningEffort } }),
  }
  spend.begin()
  let underWay = 0
  for await (const event of agent.run(request, signal)) {
    conversation.accept(event)
    if (event.type === 'finished' || event.type === 'failed') return event
    if (event.type === 'text.delta') transcript.add('text', event.text)
    if (event.type === 'reasoning.delta') transcript.add('reasoning', event.text)
    if (event.type === 'steered') transcript.add('steered', event.text, { isEntry: true })
    if (event.type === 'tool.started') underWay += 1
    if (event.type === 'tool.finished') {
      if (!hasEnded()) transcript.add('tool', toolLine(event), { isEntry: true })
      underWay -= 1
      // Calls of the same step have their results too; the model is not asked for more.
      if (hasEnded() && underWay === 0) break
    }
    if (event.type === 'usage') {
      spend.count(event.usage)
      // Between the model's words and what they set off.
      await gate.pass(signal)
    }
  }
  return { type: 'finished', reason: 'stop' }
}

function toolLine({ name, arguments: args, output, isError }: Extract<AgentEvent, { type: 'tool.finished' }>): string {
  return JSON.stringify({ tool: name, arguments: args, output, ...(isError && { isError }) })
}

/** What a model's failure says about the task: mostly nothing. */
function endOfFailure({ failure, code, message }: Extract<AgentEvent, { type: 'failed' }>): WorkerEnd {
  if (failure === 'misconfigured') return { as: 'block', body: { kind: 'capability', reason: message } }
  const kind = code === 'model_rate_limited' ? 'rate_limit' : failure === 'retryable' ? 'infrastructure' : 'task'
  return { as: 'fail', body: { class: kind, code, message: message.slice(0, 4_000) } }
}
