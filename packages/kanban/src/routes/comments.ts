import { limitSchema } from '@talaria/core/http'
import { Hono } from 'hono'
import { z } from 'zod'
import { actorOf } from './caller.ts'
import type { KanbanEnv } from './kanban-api.ts'
import { operation } from './operation.ts'
import { readJson, readQuery } from './read-json.ts'
import { taskOf } from './task-of.ts'

const CommentInput = z.strictObject({ body: z.string() })
const PageQuery = z.strictObject({ after: z.string().exactOptional().describe('Id of the last comment of the page before'), limit: limitSchema(50, 500) })

/** `/{board}/tasks/{task}/comments`: what people and workers say about a task. */
export function commentsRoutes() {
  return new Hono<KanbanEnv>()
    .get('/tasks/:task/comments', operation({ tag: 'Tasks', summary: 'List comments, oldest first', query: PageQuery }), async (c) => {
      const { number } = await taskOf(c)
      const { limit, after } = readQuery(c, PageQuery)
      const found = await c.get('stores').comments.list(number, { limit: limit + 1, ...(after !== undefined && { after }) })
      const comments = found.slice(0, limit)
      return c.json({ comments, nextCursor: found.length > limit ? comments.at(-1)!.id : null })
    })
    .post('/tasks/:task/comments', operation({ tag: 'Tasks', summary: 'Say something about a task', body: CommentInput, status: 201 }), async (c) => {
      const { body } = await readJson(c, CommentInput)
      const { number } = await taskOf(c)
      return c.json({ comment: await c.get('stores').comments.add(number, { body, author: actorOf(c) }) }, 201)
    })
}
