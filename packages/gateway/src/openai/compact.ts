import type { Agent, AgentMessage } from '@talaria/agent'
import { createId } from '@talaria/core'
import type { StoredItem, TokenUsage } from '@talaria/db'
import type { ApiContext } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import { textOf } from '../turns/agent-messages.ts'
import { encodeCompaction } from './response-items.ts'

const TASK =
  'Summarise the conversation so far for yourself, so that you can go on with it without having read it: what was asked, what was decided and why, what was done and what came out, names and numbers that matter, and what is still open. Write only the summary.'

export interface CompactOptions {
  readonly model: string
  readonly instructions?: string
  readonly signal: AbortSignal
}

/** A conversation in fewer tokens, as OpenAI has it: what the user said, word for word, and one item that holds the rest. */
export async function compact(
  api: ApiContext,
  messages: readonly AgentMessage[],
  options: CompactOptions,
): Promise<{ output: readonly StoredItem[]; usage: TokenUsage | null }> {
  const { summary, usage } = await summarise(api.agent, messages, options)
  const said = messages.filter((message) => message.role === 'user').map(userItem)
  return { output: [...said, { id: createId('cmp'), type: 'compaction', encrypted_content: encodeCompaction(summary) }], usage }
}

/** What was said, in fewer words, by the model itself. @throws ApiError `agent_failed` */
export async function summarise(
  agent: Agent,
  messages: readonly AgentMessage[],
  { model, instructions, signal }: CompactOptions,
): Promise<{ summary: string; usage: TokenUsage | null }> {
  let summary = ''
  let usage: TokenUsage | null = null
  const request = {
    turnId: createId('run'),
    sessionId: createId('ses'),
    model,
    ...(instructions !== undefined && { instructions }),
    messages: [...messages, { role: 'user' as const, content: TASK }],
    toolChoice: 'none' as const,
  }
  for await (const event of agent.run(request, signal)) {
    if (event.type === 'text.delta') summary += event.text
    else if (event.type === 'usage') usage = event.usage
    else if (event.type === 'failed') throw new ApiError('agent_failed', `${event.message} (${event.code})`)
  }
  return { summary, usage }
}

function userItem(message: AgentMessage): StoredItem {
  return { id: createId('msg'), type: 'message', role: 'user', status: 'completed', content: [{ type: 'input_text', text: textOf(message.content) }] }
}
