import { optional, rest } from './arguments.ts'
import { defineCommand } from './command.ts'
import type { CommandPlace } from './command-place.ts'

/** Boards of tasks: all that the command line has, in a chat. Works while an answer is being written. */
export const kanbanCommand = defineCommand({
  name: 'kanban',
  category: 'operation',
  help: 'Make tasks (create "Fix the log-in" --assignee coder), which report here, and look at, move and discuss them; alone it lists what there is.',
  arguments: { command: optional(rest('create', 'list', 'show', 'why', 'comment', 'complete', 'unblock', 'approve', 'boards')) },
  whileBusy: true,
  async run({ args, place, services, tier, prefix }) {
    if (!services.kanban) return { text: 'There are no boards here.' }
    const session = await place.session()
    const chat = place.chat?.address
    const origin = { ...(session && { sessionId: session.id }), ...(chat && { chat }) }
    return { text: await services.kanban(args.command ?? '', { actor: actorOf(place), origin, isAdmin: tier === 'admin', name: `${prefix}kanban` }) }
  },
})

function actorOf({ chat, owner }: CommandPlace): string {
  if (!chat) return `user:${owner}`
  const { platform, account } = chat.address
  return `chat:${platform}:${account}:${chat.message.sender.id}`
}
