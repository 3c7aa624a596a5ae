import type { Tool, ToolContext } from '@talaria/agent'
import type { WorkContext } from './work.ts'
import { WorkerError } from './worker-error.ts'

/** Tools after which nothing is left to say: the attempt has ended. */
const ENDS = new Set(['kanban_complete', 'kanban_block', 'kanban_request_review', 'kanban_request_changes'])
/** Those of them by which the agent says that the work is done. */
const SAYS_DONE = new Set(['kanban_complete', 'kanban_request_review'])

/** The board's tools for the agent, and whether one of them has ended the attempt. */
export interface BoardTools {
  readonly tools: readonly Tool[]
  /** Whether nothing that the agent does matters any more. */
  readonly hasEnded: () => boolean
}

/**
 * Tools whose calls go to the dispatcher. `refuse` may say why the work is not done yet although the agent says so.
 *
 * @throws WorkerError
 */
export async function boardTools(
  { client, gate, signal, run, transcript, settle }: Pick<WorkContext, 'client' | 'gate' | 'signal' | 'run' | 'transcript' | 'settle'>,
  refuse: (input: unknown, signal: AbortSignal) => Promise<string | undefined>,
): Promise<BoardTools> {
  let hasEnded = false
  let calls = 0
  const call = async (name: string, input: unknown, context: ToolContext) => {
    await gate.pass(context.signal)
    const reason = SAYS_DONE.has(name) ? await refuse(input, context.signal) : undefined
    if (reason !== undefined) throw new WorkerError('REFUSED', reason)
    calls += 1
    const isEnd = ENDS.has(name)
    if (isEnd) {
      transcript.add('tool', JSON.stringify({ tool: name, arguments: input }), { isEntry: true })
      await settle(context.signal)
    }
    const result = await client.callTool(name, withKey(name, input, `${run.runId}:${calls}`), { isEnd, signal: context.signal })
    hasEnded ||= isEnd
    return JSON.stringify(result)
  }
  const definitions = await client.tools(signal)
  return {
    hasEnded: () => hasEnded,
    tools: definitions.map((definition) => ({
      ...definition,
      run: (input, context) => call(definition.name, input, context),
    })),
  }
}

/** A call is said again until it is heard; what it makes is to be there once all the same. */
function withKey(name: string, input: unknown, key: string): unknown {
  if (name !== 'kanban_create' || typeof input !== 'object' || input === null || 'idempotency_key' in input) return input
  return { ...input, idempotency_key: key }
}
