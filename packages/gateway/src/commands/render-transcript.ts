import type { Message, Session } from '@talaria/db'
import { messageJson, sessionJson } from '../api/session-json.ts'

/** A conversation as a document: to read, or for programs, as the API has it. */
export function renderTranscript(session: Session, messages: readonly Message[], format: 'md' | 'json'): string {
  if (format === 'json') return `${JSON.stringify({ ...sessionJson(session), messages: messages.map(messageJson) }, null, 2)}\n`
  const spoken = messages.filter(({ role, content }) => role !== 'tool' && content !== '')
  const sections = spoken.map(({ role, content, createdAt }) => `## ${role}, ${new Date(createdAt).toISOString()}\n\n${content}\n`)
  return [`# ${session.title ?? session.id}\n`, ...sections].join('\n')
}
