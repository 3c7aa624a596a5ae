import { talariaVersion } from '@talaria/core'
import { Hono, type Handler } from 'hono'
import { generateSpecs } from 'hono-openapi'
import type { KanbanEnv } from './kanban-api.ts'

const DESCRIPTION = `Boards of tasks that workers do.

Send your key as \`Authorization: Bearer <key>\`. Errors are \`{"error": {"code", "message", "param"?, "details"?}}\`; branch on \`code\`. Times are milliseconds since 1970. A task is named by its number, its id, or the beginning of its id.`

/** Answers with the OpenAPI 3.1 document of an application, made when somebody first asks, from the schemas that requests are checked with. */
export function openApiRoute(app: Hono<KanbanEnv>): Handler<KanbanEnv> {
  let document: ReturnType<typeof documentOf> | undefined
  return async (c) => c.json(await (document ??= documentOf(app)))
}

function documentOf(app: Hono<KanbanEnv>) {
  return generateSpecs(app, {
    documentation: {
      openapi: '3.1.0',
      info: { title: 'Talaria kanban', version: talariaVersion(), description: DESCRIPTION },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      tags: [
        { name: 'Boards', description: 'Boards, and what they look like.' },
        { name: 'Tasks', description: 'Tasks, and what people do to them.' },
        { name: 'Runs', description: 'Attempts at tasks, and their workers.' },
        { name: 'Events', description: 'What happened, and who is told.' },
        { name: 'Dispatcher', description: 'What hands tasks to workers.' },
      ],
    },
  })
}
