import type { InboundMessage } from '../chats/inbound-message.ts'
import type { CommandPlace } from './command-place.ts'
import type { CommandServices } from './command-services.ts'
import { runningTurns } from './running-turns.ts'

/** What people say to a question, and the command that it stands for; Hermes' words among them. */
const WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    approve: ['yes', 'y', 'approve', 'approved', 'allow', 'once'],
    'approve session': ['always', 'session'],
    deny: ['no', 'n', 'deny', 'denied'],
  }).flatMap(([command, words]) => words.map((word) => [word, command])),
)

/**
 * The command that a message stands for because it is nothing but the answer to a tool that asks in its conversation:
 * `approve` for "yes". `undefined` when no tool asks, or it says anything more.
 */
export async function plainAnswer(
  { text, attachments }: Pick<InboundMessage, 'text' | 'attachments'>,
  place: CommandPlace,
  services: Pick<CommandServices, 'stores' | 'turns'>,
): Promise<string | undefined> {
  const command = WORDS.get(text.trim().toLowerCase())
  if (command === undefined || attachments.length > 0) return undefined
  const session = await place.session()
  const running = session ? await runningTurns(services, session.id) : []
  return running.some(({ turn }) => services.turns.isAsking(turn.id)) ? command : undefined
}
