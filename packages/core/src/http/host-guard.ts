import { isIP, isIPv4 } from 'node:net'
import type { HttpBindings } from '@hono/node-server'
import type { Context, MiddlewareHandler } from 'hono'
import { jsonError } from '../json-error.ts'

export interface HostGuardOptions {
  /** The host that the server listens on. */
  readonly boundTo: string
  /** Further names by which it may be called, without ports: those of a proxy or a hosts file. */
  readonly allowed?: readonly string[]
  /** The setting that `allowed` comes from, to be named in the refusal. */
  readonly setting?: string
}

/**
 * Refuses requests under a foreign name (403) while the server listens on loopback only. A page of anybody's can have
 * its own name resolve to 127.0.0.1 (DNS rebinding) and then talk to this server as to its origin; the one thing it
 * cannot change is the Host header. A server that listens to the network is known under names we cannot list: there
 * it lets everything pass, and keys protect.
 */
export function hostGuard({ boundTo, allowed = [], setting }: HostGuardOptions): MiddlewareHandler {
  if (!isLoopback(boundTo)) return (_c, next) => next()
  const names = new Set(['localhost', '127.0.0.1', '[::1]', bracketed(boundTo), ...allowed.map(bracketed)].map((name) => name.toLowerCase()))
  const remedy = setting === undefined ? '' : ` Add it to ${setting} if it is.`
  let lastAllowed: string | undefined
  // On the path of every request: no promise of its own, no headers looked through, mostly one comparison.
  return (c, next) => {
    const host = hostOf(c)
    // Without a Host it is no browser.
    if (host === undefined || host === lastAllowed) return next()
    if (names.has(nameOf(host))) {
      lastAllowed = host
      return next()
    }
    const message = `'${host.slice(0, 255)}' is none of the names of this server.${remedy}`
    return Promise.resolve(c.json(jsonError(message, { type: 'permission_error', code: 'forbidden_host' }), 403))
  }
}

/** Whether an address to listen on can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  const plain = host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:/, '')
  return plain === 'localhost' || plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'))
}

/** The Host header; from Node's request where there is one, which has parsed it already. */
function hostOf(c: Context): string | undefined {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>
  return incoming ? incoming.headers.host : c.req.header('host')
}

/** The name in a Host header, without port and without the dot that ends an absolute name. */
function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
}

const bracketed = (host: string) => (isIP(host) === 6 ? `[${host}]` : host)
