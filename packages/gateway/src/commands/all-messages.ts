import type { Message, SessionReader } from '@talaria/db'

const PAGE = 500

/** Everything that was said in a session, in order, a page at a time from disk. */
export async function allMessages(sessions: SessionReader, sessionId: string): Promise<readonly Message[]> {
  const messages: Message[] = []
  for (let after = 0; ;) {
    const page = await sessions.messages(sessionId, { order: 'oldest', after, limit: PAGE })
    messages.push(...page)
    if (page.length < PAGE) return messages
    after = page.at(-1)!.position
  }
}
