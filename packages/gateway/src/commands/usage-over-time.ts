import type { SessionCursor, SessionReader, Viewer } from '@talaria/db'

const PAGE = 200

/** What sessions add up to. */
export interface UsageOverTime {
  sessions: number
  messages: number
  toolCalls: number
  inputTokens: number
  outputTokens: number
  /** How many sessions chose a model of their own. */
  readonly models: ReadonlyMap<string, number>
}

/** Adds up the sessions of a viewer in which something happened since then: all of each, also what was before. */
export async function usageOverTime(sessions: SessionReader, viewer: Viewer, since: number): Promise<UsageOverTime> {
  const models = new Map<string, number>()
  const total = { sessions: 0, messages: 0, toolCalls: 0, inputTokens: 0, outputTokens: 0, models }
  for (let after: SessionCursor | undefined; ;) {
    const page = await sessions.list(viewer, { limit: PAGE, ...(after && { after }) })
    for (const session of page.filter(({ updatedAt }) => updatedAt >= since)) {
      total.sessions++
      total.messages += session.messageCount
      total.toolCalls += session.toolCallCount
      total.inputTokens += session.usage.inputTokens
      total.outputTokens += session.usage.outputTokens
      if (session.model !== null) models.set(session.model, (models.get(session.model) ?? 0) + 1)
    }
    after = page.at(-1)
    // Pinned ones come first, however old they are; after them age decides.
    if (!after || page.length < PAGE || (!after.pinned && after.updatedAt < since)) return total
  }
}
