import type { Actor } from '@talaria/db'
import type { Context, MiddlewareHandler } from 'hono'
import type { KanbanEnv } from './kanban-api.ts'
import { Refusal } from './refusal.ts'

/** What a caller may do: look, work with tasks, or look after boards. `admin` holds the others. */
export type Scope = 'read' | 'write' | 'admin'

/** Who a request comes from. */
export interface Caller {
  /** As it is written into the history: `key:ci`, `user:anna`. */
  readonly actor: Actor
  readonly scopes: ReadonlySet<Scope>
}

/** Says who calls, or answers in their stead: no key, or a wrong one. */
export type Authorize = (c: Context) => Caller | Response | Promise<Caller | Response>

/** Lets in who may do what their method stands for: reading is `read`, everything else `write`. */
export function authenticate(authorize: Authorize): MiddlewareHandler<KanbanEnv> {
  return async (c, next) => {
    const caller = await authorize(c)
    if (caller instanceof Response) return caller
    c.set('caller', caller)
    requireScope(c, c.req.method === 'GET' || c.req.method === 'HEAD' ? 'read' : 'write')
    await next()
    if (!c.res.headers.has('Cache-Control')) c.header('Cache-Control', 'no-store')
    return undefined
  }
}

/** @throws Refusal `FORBIDDEN` */
export function requireScope(c: Context<KanbanEnv>, scope: Scope): void {
  const { scopes } = c.get('caller')
  if (scopes.has(scope) || scopes.has('admin')) return
  throw new Refusal('FORBIDDEN', `This needs the scope '${scope}', which your key does not have.`, { details: { scope } })
}

/** Who is written into the history. */
export function actorOf(c: Context<KanbanEnv>): Actor {
  return c.get('caller').actor
}
