import type { Agent } from '@talaria/agent'
import type { Clock, Log } from '@talaria/core'
import type { GatewayStores } from '@talaria/db'
import type { Context, Hono } from 'hono'
import type { Turns } from '../turns/turns.ts'
import type { Caller } from './caller.ts'

/** What every route of the API is given. */
export interface ApiContext {
  readonly stores: GatewayStores
  readonly turns: Turns
  readonly agent: Agent
  readonly clock: Clock
  readonly log: Log
  readonly settings: ApiSettings
}

export interface ApiSettings {
  /** The name the default model goes by in `/v1/models`. */
  readonly modelName: string
  /** How long a stored response is kept; `undefined` keeps it for ever. */
  readonly responseTtlMs: number | undefined
  /** A comment line on quiet streams, so that proxies do not take them for dead. */
  readonly keepAliveMs: number
  readonly maxConcurrentRuns: number
  readonly maxBodyBytes: number
}

export interface ApiEnv {
  Variables: { caller: Caller; bodyText: string }
  /** Node's own request and response, where the app is served by node-server; absent in `app.request()`. */
  Bindings: {
    incoming?: unknown
    outgoing?: { once(event: 'close', listener: () => void): void; setHeader(name: string, value: string): void; destroyed: boolean; writableFinished: boolean }
  }
}

export type ApiApp = Hono<ApiEnv>

/** Calls `left` when the client goes away before it has the whole answer; at once when it has gone already. */
export function onClientGone(c: Context<ApiEnv>, left: () => void): void {
  const outgoing = c.env?.outgoing
  const { signal } = outgoing ? {} : c.req.raw
  if (outgoing?.destroyed || signal?.aborted) return left()
  outgoing?.once('close', () => outgoing.writableFinished || left())
  signal?.addEventListener('abort', left, { once: true })
}
