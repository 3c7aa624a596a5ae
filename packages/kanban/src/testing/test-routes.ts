import { silentLog, systemClock, type Clock, type Log } from '@talaria/core'
import type { Hono } from 'hono'
import type { Planner } from '../graphs/planner.ts'
import type { Scope } from '../routes/caller.ts'
import type { KanbanEnv } from '../routes/kanban-api.ts'
import type { KanbanControl } from '../routes/kanban-control.ts'
import { kanbanRoutes } from '../routes/kanban-routes.ts'
import { openTestBoards, type TestBoards } from './test-board.ts'

/** What an answer holds. */
type Json = any

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Json
}

interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly scopes?: readonly Scope[]
}

export interface TestRoutes extends TestBoards {
  readonly app: Hono<KanbanEnv>
  /** What was asked of the dispatcher. */
  readonly asked: readonly string[]
  /** Calls a route below `/api/boards`; text and bytes are sent as they are, the rest as JSON. */
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer>
  /** The body of an answer that must be a success. */
  ok(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Json>
  /** Status, code and param of an answer that must be a refusal. */
  refusal(method: string, path: string, body?: unknown, options?: CallOptions): Promise<readonly [status: number, code: string, param?: string]>
}

interface TestRoutesOptions {
  readonly slugs?: readonly string[]
  readonly clock?: Clock
  readonly log?: Log
  readonly keepAliveMs?: number
  readonly signal?: AbortSignal
  readonly planner?: Planner
}

/** The routes over real boards, for a caller who may do everything unless the call says otherwise; to be disposed by `await using`. */
export async function openTestRoutes({ slugs = ['b'], clock = systemClock, log = silentLog, ...options }: TestRoutesOptions = {}): Promise<TestRoutes> {
  const boards = await openTestBoards(slugs, { clock })
  const asked: string[] = []
  let isPaused = false
  const control: KanbanControl = {
    wake: () => void asked.push('wake'),
    pause: () => void (isPaused = true),
    resume: () => void (isPaused = false),
    isPaused: () => isPaused,
    status: () => ({ dispatcher: 'twin', isPaused, running: 0, maxRunning: 4, memoryPressure: 'none', illBoards: [] }),
  }
  const app = kanbanRoutes({
    ...options,
    databases: boards.databases,
    logsFolder: `${boards.home}/logs`,
    control,
    authorize: (c) => {
      const scopes = c.req.header('x-test-scopes')
      if (scopes === 'nobody') return c.json({ error: { code: 'UNAUTHORIZED', message: 'no' } }, 401)
      if (scopes === 'broken') throw new Error('a secret of ours')
      return { actor: 'key:test', scopes: new Set((scopes ?? 'read,write,admin').split(',') as Scope[]) }
    },
    clock,
    log,
  })
  const call: TestRoutes['call'] = async (method, path, body, { headers, scopes } = {}) => {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array || body instanceof FormData
    const response = await app.request(path.startsWith('/api') ? path : `/api/boards${path}`, {
      method,
      headers: { ...(scopes && { 'x-test-scopes': scopes.join() }), ...headers },
      ...(body !== undefined && { body: isRaw ? (body as string) : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: isJson(response) ? JSON.parse(text) : text }
  }
  return {
    ...boards,
    app,
    asked,
    call,
    async ok(method, path, body, options) {
      const answer = await call(method, path, body, options)
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
      return answer.body
    },
    async refusal(method, path, body, options) {
      const { status, body: said } = await call(method, path, body, options)
      return said.error?.param === undefined ? [status, said.error?.code] : [status, said.error.code, said.error.param]
    },
    [Symbol.asyncDispose]: () => boards[Symbol.asyncDispose](),
  }
}

function isJson({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('application/json') === true && headers.get('content-encoding') === null
}
