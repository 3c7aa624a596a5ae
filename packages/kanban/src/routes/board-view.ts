import { limitSchema } from '@talaria/core/http'
import { Hono } from 'hono'
import { isKnown } from './entity-tag.ts'
import type { KanbanApi, KanbanEnv } from './kanban-api.ts'
import { operation } from './operation.ts'
import { readQuery } from './read-json.ts'
import { taskFilterOf, TaskFilterQuery } from './task-filter-query.ts'

const ViewQuery = TaskFilterQuery.extend({ limit: limitSchema(20, 100) })

/** `/{board}/board`: the columns with their counts and first cards, once for everybody who looks. */
export function boardViewRoutes({ views }: KanbanApi) {
  return new Hono<KanbanEnv>().get(
    '/board',
    operation({
      tag: 'Boards',
      summary: 'Get the columns with counts and the first cards of each',
      description: 'What is null, 0 or empty is left out of cards. Events after `seq` say what changes from here on. Ask again with `If-None-Match`.',
      query: ViewQuery,
    }),
    async (c) => {
      const { limit, ...filter } = readQuery(c, ViewQuery)
      const view = await views.get(c.get('board').slug, c.get('stores'), { ...taskFilterOf(filter), limit })
      const headers = { ETag: view.tag, 'Cache-Control': 'private, no-cache', Vary: 'Accept-Encoding' }
      if (isKnown(c, view.tag)) return c.body(null, 304, headers)
      if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) return c.body(view.json, 200, { ...headers, 'Content-Type': 'application/json' })
      return c.body(await view.gzipped(), 200, { ...headers, 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })
    },
  )
}
