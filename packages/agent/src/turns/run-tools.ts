import { createId, messageOf } from '@talaria/core'
import type { AgentEvent, AgentRequest, ApprovalAnswer, ToolCall } from '../agent.ts'
import type { Redact } from '../redact.ts'
import type { Tool } from '../tools/tool.ts'
import { untilAborted } from '../until-aborted.ts'
import { EventQueue } from './event-queue.ts'

/** What came of a call. */
export interface ToolResult {
  readonly call: ToolCall
  readonly output: string
  readonly isError: boolean
}

/** Who may run what. */
export interface ToolRules {
  readonly sessionId: string
  readonly tools: readonly Tool[]
  readonly approvals: 'never' | 'always'
  readonly approve: AgentRequest['approve']
  readonly redact: Redact
}

/**
 * Runs the server's tools, all calls of a step at once, and returns their results in the order of the calls. Approvals
 * are asked one after the other, because it is one person who answers; what needs none does not wait for them.
 *
 * Whatever goes wrong with a call is a result that the model reads. Throws only the reason of `signal`, at once.
 */
export async function* runTools(calls: readonly ToolCall[], rules: ToolRules, signal: AbortSignal): AsyncGenerator<AgentEvent, readonly ToolResult[]> {
  const events = new EventQueue()
  const ending = new AbortController()
  const onAbort = () => ending.abort(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  let asked: Promise<unknown> = Promise.resolve()
  const approved = (call: ToolCall): Promise<ApprovalAnswer> => {
    const answer = asked.then(() => ask(call, rules, { events, signal: ending.signal }))
    asked = answer.catch(() => {})
    return answer
  }
  try {
    const results = Promise.all(calls.map((call) => runTool(call, rules, { events, approved, signal: ending.signal })))
    yield* events.until(results)
    return await results
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Also when our reader left in the middle: no tool goes on for a turn that is over.
    ending.abort(new Error('the turn is over'))
  }
}

interface Running {
  readonly events: EventQueue
  readonly signal: AbortSignal
}

async function runTool(
  call: ToolCall,
  rules: ToolRules,
  running: Running & { readonly approved: (call: ToolCall) => Promise<ApprovalAnswer> },
): Promise<ToolResult> {
  const { events, signal } = running
  const result = await attempt(call, rules, running).catch((error: unknown) => {
    signal.throwIfAborted()
    return { output: rules.redact(messageOf(error)), isError: true }
  })
  events.push({
    type: 'tool.finished',
    id: call.id,
    name: call.name,
    runs: 'server',
    arguments: call.arguments,
    output: result.output,
    ...(result.isError && { isError: true }),
  })
  return { call, ...result }
}

async function attempt(
  call: ToolCall,
  { tools, approvals, sessionId }: ToolRules,
  { events, approved, signal }: Running & { readonly approved: (call: ToolCall) => Promise<ApprovalAnswer> },
) {
  const tool = tools.find(({ name }) => name === call.name)
  if (!tool) throw new Error(`There is no tool '${call.name}'. There are: ${tools.map(({ name }) => name).join(', ') || 'none'}.`)
  const args = parseArguments(call.arguments)
  const answer = approvals === 'always' || tool.needsApproval ? await approved(call) : 'allow'
  if (answer !== 'allow') return { output: answer === 'deny' ? 'The user did not allow this call.' : answer.denied, isError: true }
  const progress = (text: string) => events.push({ type: 'tool.progress', id: call.id, text })
  // In a promise, so that a tool that throws before its first await is an answer too.
  const work = (async () => tool.run(args, { sessionId, signal, progress }))()
  return { output: await untilAborted(work, signal), isError: false }
}

async function ask(call: ToolCall, { approve }: ToolRules, { events, signal }: Running): Promise<ApprovalAnswer> {
  signal.throwIfAborted()
  const id = createId('appr')
  events.push({ type: 'approval.requested', id, tool: call.name, arguments: call.arguments })
  const answer = approve ? await untilAborted(approve({ id, tool: call.name, arguments: call.arguments }, signal), signal) : 'deny'
  events.push({ type: 'approval.answered', id, choice: answer === 'allow' ? 'allow' : 'deny' })
  return answer
}

function parseArguments(text: string): unknown {
  try {
    return JSON.parse(text.trim() === '' ? '{}' : text)
  } catch (error) {
    throw new Error(`The arguments are not valid JSON: ${messageOf(error)}`, { cause: error })
  }
}
