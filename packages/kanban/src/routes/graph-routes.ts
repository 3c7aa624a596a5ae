import { Hono } from 'hono'
import type { KanbanApi, KanbanEnv } from './kanban-api.ts'
import { plansRoutes } from './plans.ts'
import { recipesRoutes } from './recipes.ts'
import { routinesRoutes } from './routines.ts'

/** What makes several tasks at once, or again and again, under `/{board}`. */
export function graphRoutes(api: KanbanApi) {
  return new Hono<KanbanEnv>().route('/', plansRoutes(api)).route('/', recipesRoutes()).route('/', routinesRoutes(api))
}
