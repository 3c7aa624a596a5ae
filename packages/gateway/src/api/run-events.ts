import type { Turn, TurnEvent } from '@talaria/db'
import { isTerminal } from '../turns/terminal-status.ts'

/** What an event of a turn is called on `/v1/runs/{id}/events`, and what it says; the predecessor's names where it has one. */
export function runEventOf(turn: Pick<Turn, 'id' | 'sessionId'>, { type, seq, data, createdAt }: TurnEvent): Record<string, unknown> {
  const head = { run_id: turn.id, session_id: turn.sessionId, seq, ts: createdAt / 1000 }
  return { event: nameOf(type), ...head, ...bodyOf(type, data) }
}

const NAMES: Readonly<Record<string, string>> = {
  'text.delta': 'message.delta',
  'tool.finished': 'tool.completed',
  'approval.requested': 'approval.request',
  'approval.answered': 'approval.responded',
  steered: 'run.steered',
}

function nameOf(type: string): string {
  return isTerminal(type) ? `run.${type}` : (NAMES[type] ?? type)
}

function bodyOf(type: string, data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  switch (type) {
    case 'text.delta':
    case 'reasoning.delta':
      return { delta: data['text'] }
    case 'tool.started':
      return { tool_call_id: data['id'], tool: data['name'], runs: data['runs'] }
    case 'tool.progress':
      return {
        tool_call_id: data['id'],
        ...(data['argumentsDelta'] !== undefined && { arguments_delta: data['argumentsDelta'] }),
        ...(data['text'] !== undefined && { text: data['text'] }),
      }
    case 'tool.finished':
      return {
        tool_call_id: data['id'],
        tool: data['name'],
        runs: data['runs'],
        arguments: data['arguments'],
        output: data['output'] ?? null,
        error: data['isError'] ?? false,
      }
    case 'approval.requested':
      return { approval_id: data['id'], tool: data['tool'], arguments: data['arguments'], choices: ['once', 'session', 'deny'] }
    case 'approval.answered':
      return { approval_id: data['id'], choice: data['choice'], resolved: 1 }
    case 'usage':
      return { usage: usageJson(data['usage'] as Turn['usage']) }
    case 'steered':
      return { text: data['text'] }
    default:
      return {
        output: data['output'] ?? '',
        finish_reason: data['finishReason'] ?? null,
        usage: usageJson((data['usage'] as Turn['usage'] | undefined) ?? null),
        error: data['error'] ?? null,
        ...(data['pendingSteer'] !== undefined && { pending_steer: data['pendingSteer'] }),
      }
  }
}

/** Tokens of a turn, in the words of both of OpenAI's APIs. */
export function usageJson(usage: Turn['usage']) {
  if (!usage) return null
  return {
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    reasoning_tokens: usage.reasoningTokens,
    cached_input_tokens: usage.cachedInputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
  }
}
