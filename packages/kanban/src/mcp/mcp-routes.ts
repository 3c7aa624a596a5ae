import type { Log } from '@talaria/core'
import type { Databases } from '@talaria/db'
import { Hono, type Context } from 'hono'
import { currentBoard } from '../boards/current-board.ts'
import type { BoardUser } from '../routes/board-user.ts'

/** As the largest file that a task takes, in Base64, and the rest of a call around it. */
const MAX_BODY_BYTES = 36 * 1024 * 1024

export interface McpRoutesOptions {
  readonly databases: Databases
  /** Says who calls, or answers in their stead. */
  readonly authorize: (c: Context) => Promise<BoardUser | Response>
  readonly version: string
  readonly log: Log
}

/**
 * `/mcp` and `/mcp/{board}`: the tools of boards for programs that speak the Model Context Protocol over HTTP, behind the
 * same keys as everything else. Stateless: each request is answered by itself, by whichever dispatcher has the port.
 */
export function mcpRoutes({ databases, authorize, version, log }: McpRoutesOptions): Hono {
  const serve = async (c: Context) => {
    const user = await authorize(c)
    if (user instanceof Response) return user
    // 300 KB that most homes never use.
    const [{ createMcpHandler }, { createMcpServer }] = await Promise.all([import('@modelcontextprotocol/server'), import('./mcp-server.ts')])
    const board = c.req.param('board') ?? currentBoard(databases.boards)
    const storesOf = (slug: string) => databases.board(slug)
    const handler = createMcpHandler(() => createMcpServer({ board, storesOf, user, version, log }), {
      maxRequestBodySize: MAX_BODY_BYTES,
      onerror: (error) => log.debug({ err: error }, 'a request of an MCP client was refused'),
    })
    return handler.fetch(c.req.raw)
  }
  return new Hono().all('/mcp', serve).all('/mcp/:board', serve)
}
