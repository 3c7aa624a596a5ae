import { McpServer } from '@modelcontextprotocol/server'
import { codeOf, createId, messageOf, type Log } from '@talaria/core'
import type { BoardStores } from '@talaria/db'
import type { BoardUser } from '../routes/board-user.ts'
import { kanbanTools } from '../tools/kanban-tools.ts'
import type { KanbanTool } from '../tools/tool.ts'

/** What changes nothing; a key that may only read is shown no other. */
const READING: ReadonlySet<string> = new Set(['kanban_show', 'kanban_list', 'kanban_attachments'])

export interface McpServerOptions {
  readonly board: string
  /** @throws BoardError `BOARD_NOT_FOUND` */
  readonly storesOf: (board: string) => BoardStores
  readonly user: BoardUser
  readonly version: string
  readonly log: Log
}

/** The tools of one board for one caller, as a server of the Model Context Protocol. Holds nothing open. */
export function createMcpServer({ board, storesOf, user, version, log }: McpServerOptions): McpServer {
  const server = new McpServer({ name: 'talaria-kanban', version }, { instructions: `Tasks of the board '${board}'. They are worked on by assignees.` })
  for (const tool of kanbanTools.filter((one) => isFor(one, user))) {
    const { name, description, input } = tool
    server.registerTool(name, { description, inputSchema: input, annotations: { readOnlyHint: READING.has(name) } }, async (given) => {
      try {
        const answer = await tool.run({ stores: storesOf(board), actor: user.actor }, given)
        return { content: [{ type: 'text' as const, text: JSON.stringify(answer) }] }
      } catch (error) {
        return { isError: true, content: [{ type: 'text' as const, text: refusalOf(error, name, log) }] }
      }
    })
  }
  return server
}

function isFor({ scope, name }: KanbanTool, { scopes }: BoardUser): boolean {
  if (scope === 'worker') return false
  return READING.has(name) || scopes.has('write') || scopes.has('admin')
}

/** What was asked for wrongly is said, so that the model does better; what went wrong here is told to the log. */
function refusalOf(error: unknown, tool: string, log: Log): string {
  if (codeOf(error) !== undefined) return `${codeOf(error)}: ${messageOf(error)}`
  const id = createId('err')
  log.error({ err: error, error_id: id, tool }, 'a tool failed')
  return `The tool failed (${id}).`
}
