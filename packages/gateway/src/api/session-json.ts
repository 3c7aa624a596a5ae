import type { Message, SearchHit, Session } from '@talaria/db'
import { usageJson } from './run-events.ts'

/** A session as it goes over the wire; times in seconds. The system prompt itself never leaves. */
export function sessionJson(session: Session) {
  return {
    id: session.id,
    object: 'talaria.session',
    source: session.source,
    owner: session.owner,
    user_id: session.userId,
    title: session.title,
    model: session.model,
    preview: session.preview,
    parent_session_id: session.parentSessionId,
    started_at: session.createdAt / 1000,
    last_active: session.updatedAt / 1000,
    ended_at: session.endedAt === null ? null : session.endedAt / 1000,
    end_reason: session.endReason,
    pinned: session.pinned,
    archived: session.archived,
    hidden: session.hidden,
    unread: session.unread,
    message_count: session.messageCount,
    tool_call_count: session.toolCallCount,
    ...usageJson(session.usage),
    has_system_prompt: session.systemPrompt !== null,
    metadata: session.metadata,
  }
}

/** A message as it goes over the wire. `position` is what `after` and `before` take. */
export function messageJson(message: Message) {
  return {
    id: message.id,
    object: 'talaria.message',
    session_id: message.sessionId,
    run_id: message.turnId,
    position: message.position,
    role: message.role,
    content: message.content,
    parts: message.parts,
    tool_calls: message.toolCalls,
    tool_call_id: message.toolCallId,
    tool_name: message.toolName,
    reasoning: message.reasoning,
    finish_reason: message.finishReason,
    timestamp: message.createdAt / 1000,
  }
}

export function hitJson({ message, sessionTitle, snippet }: SearchHit) {
  return {
    message_id: message.id,
    session_id: message.sessionId,
    session_title: sessionTitle,
    position: message.position,
    role: message.role,
    timestamp: message.createdAt / 1000,
    snippet: snippet.text,
    matches: snippet.matches,
  }
}
