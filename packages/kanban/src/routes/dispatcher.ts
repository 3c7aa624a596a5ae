import { Hono } from 'hono'
import { requireScope } from './caller.ts'
import type { KanbanApi, KanbanEnv } from './kanban-api.ts'
import { operation } from './operation.ts'

/** `/api/dispatcher`: what hands tasks to workers. */
export function dispatcherRoutes({ control }: KanbanApi) {
  return new Hono<KanbanEnv>()
    .get('/', operation({ tag: 'Dispatcher', summary: 'Say how the dispatcher is' }), async (c) => c.json({ dispatcher: await control.status() }))
    .post('/wake', operation({ tag: 'Dispatcher', summary: 'Have the dispatcher look for work now' }), (c) => {
      control.wake()
      return c.json({ ok: true })
    })
    .post('/pause', operation({ tag: 'Dispatcher', summary: 'Have nothing begin on any board' }), async (c) => {
      requireScope(c, 'admin')
      await control.pause()
      return c.json({ dispatcher: await control.status() })
    })
    .post('/resume', operation({ tag: 'Dispatcher', summary: 'Have tasks begin again' }), async (c) => {
      requireScope(c, 'admin')
      await control.resume()
      return c.json({ dispatcher: await control.status() })
    })
}
