import type { Tool } from '@talaria/agent'
import type { Databases, NewSubscription, TaskOrigin } from '@talaria/db'
import { currentBoard } from '../boards/current-board.ts'
import { DEFAULT_BOARD } from '../boards/default-board.ts'
import { kanbanToolDefinitions } from './tool-definitions.ts'
import { kanbanTools } from './kanban-tools.ts'

/** Who asks, by the conversation that a turn belongs to. */
interface Asker {
  readonly actor: string
  readonly origin: TaskOrigin
  /** Tasks report to where they were asked for. */
  readonly subscribers: readonly NewSubscription[]
}

/**
 * The tools of boards for the agent that people chat with. They reach the current board; what they make is written down
 * for the conversation's owner, and reports to the conversation.
 */
export function chatTools(databases: Databases): readonly Tool[] {
  return kanbanToolDefinitions('people').map((definition) => {
    const tool = kanbanTools.find(({ name }) => name === definition.name)!
    return {
      ...definition,
      async run(args, { sessionId }) {
        refuseFolders(args)
        const board = currentBoard(databases.boards)
        const asker = await askerOf(sessionId, databases)
        if (board === DEFAULT_BOARD && !databases.boards.slugs().includes(board)) await databases.boards.create({ slug: board }, asker.actor)
        return JSON.stringify(await tool.run({ stores: databases.board(board), ...asker }, args))
      },
    }
  })
}

/** Whoever chats may have work done, and not say where on this host: that is for admins, by commands. */
function refuseFolders(args: unknown): void {
  const { workspace_kind: kind } = (args ?? {}) as { readonly workspace_kind?: unknown }
  if (kind === 'dir' || kind === 'worktree')
    throw new Error('workspace_kind: from a conversation tasks are worked on in a scratch folder; an admin may choose another by command.')
}

async function askerOf(sessionId: string, { gatewayReaders }: Databases): Promise<Asker> {
  const [session, [route]] = await Promise.all([gatewayReaders.sessions.get(sessionId, { all: true }), gatewayReaders.routes.ofSession(sessionId)])
  const owner = session?.owner ?? sessionId
  if (!route) return { actor: `session:${owner}`, origin: { sessionId }, subscribers: [{ target: { kind: 'session', sessionId }, mode: 'wake' }] }
  const chat = route.address
  return { actor: `chat:${owner}`, origin: { sessionId, chat }, subscribers: [{ target: { kind: 'chat', ...chat, sessionId }, mode: 'notify' }] }
}
