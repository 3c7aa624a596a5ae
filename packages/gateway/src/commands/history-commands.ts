import { messageOf } from '@talaria/core'
import type { Message } from '@talaria/db'
import { count, optional } from './arguments.ts'
import { defineCommand, inSession, type Command } from './command.ts'
import type { CommandServices } from './command-services.ts'
import { compressSession } from './compress-session.ts'
import { excerptOf } from './excerpt.ts'
import { forkSession } from './fork-session.ts'

/** As far back as the agent itself is told. */
const LOOKS_BACK = 1_000

/** Exchanges that stay as they were said when the rest is summarised. */
const KEPT_EXCHANGES = 2

/** What changes the past of a conversation: it goes on in a copy, and the original stays. */
export const historyCommands: readonly Command[] = [
  defineCommand({
    name: 'undo',
    category: 'conversation',
    help: 'Take back the last exchange, or as many as you say.',
    arguments: { count: optional(count(100)) },
    run: inSession(async ({ session, ...invocation }) => {
      const questions = await questionsOf(invocation.services, session.id)
      const from = questions.at(-(invocation.args.count ?? 1)) ?? questions[0]
      if (!from) return { text: 'There is nothing to take back.' }
      const taken = questions.length - questions.indexOf(from)
      const fork = await forkSession(invocation, session, { upTo: from.position - 1 })
      return { text: `Took back ${taken === 1 ? 'the last exchange' : `${taken} exchanges`}, from: ${excerptOf(from.content)}`, sessionId: fork.id }
    }),
  }),
  defineCommand({
    name: 'retry',
    category: 'conversation',
    help: 'Take the last answer back and ask the same again.',
    run: inSession(async ({ session, ...invocation }) => {
      const last = (await questionsOf(invocation.services, session.id)).at(-1)
      if (!last) return { text: 'There is nothing to ask again.' }
      if (last.parts?.length) return { text: 'The last message came with files: please send it once more.' }
      const fork = await forkSession(invocation, session, { upTo: last.position - 1 })
      return { text: 'Asking again.', ask: { text: last.content }, sessionId: fork.id }
    }),
  }),
  defineCommand({
    name: 'compress',
    aliases: ['compact'],
    category: 'conversation',
    help: 'Go on with a summary of what was said but for the last exchanges, two unless you say how many. The original is kept.',
    arguments: { keep: optional(count(50)) },
    run: inSession(async ({ session, ...invocation }) => {
      const compressed = await compressSession(invocation, session, invocation.args.keep ?? KEPT_EXCHANGES).catch((error: unknown) => messageOf(error))
      if (compressed === undefined) return { text: 'There is not enough to summarise yet.' }
      if (typeof compressed === 'string') return { text: `The summary could not be written, and all is as it was: ${compressed}` }
      const { before, after, into } = compressed
      return { text: `About ${before} tokens of what was said became ${after}. The original is session ${session.id}.`, sessionId: into.id }
    }),
  }),
]

/** What people asked of late, the oldest first. */
async function questionsOf({ stores }: CommandServices, sessionId: string): Promise<readonly Message[]> {
  const messages = await stores.sessions.messages(sessionId, { order: 'latest', limit: LOOKS_BACK })
  return messages.filter(({ role }) => role === 'user')
}
