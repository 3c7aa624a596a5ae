import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { Clock } from '@talaria/core'
import { AgentError } from './agent-error.ts'

/** After this long unused, a kept connection is closed; below the 60 s and more after which common servers do it first. */
const IDLE_SOCKET_MS = 15_000

/** `fetch` as providers use it, with an owner: every socket it opens is counted, and closing it leaves none. */
export interface HttpClient extends AsyncDisposable {
  readonly fetch: typeof globalThis.fetch
  /** Open sockets, in use or kept for the next request. */
  readonly openSockets: number
}

/**
 * Opens an HTTP client; nothing is connected before the first request.
 *
 * Not Node's global fetch: its pool belongs to the process and cannot be closed, and its sockets outlive their reader.
 * Bodies are strings or bytes, redirects are answers like any other, nothing is compressed: all that a model's API needs.
 * `fetch` rejects with `model_connect_timeout` when no connection stands after `connectMs`, and with `agent_closed` after
 * disposal, which also ends requests under way.
 */
export function openHttpClient(options: { readonly clock: Clock; readonly connectMs: number; readonly idleSocketMs?: number }): HttpClient {
  const agentOptions = { keepAlive: true, timeout: options.idleSocketMs ?? IDLE_SOCKET_MS }
  const agents = { 'http:': new http.Agent(agentOptions), 'https:': new https.Agent(agentOptions) }
  const sockets = new Set<Socket>()
  let closed = false

  const send = (target: URL, init: RequestInit): Promise<Response> =>
    new Promise((resolve, reject) => {
      const { signal } = init
      const request = (target.protocol === 'https:' ? https : http).request(target, {
        method: init.method ?? 'GET',
        headers: Object.fromEntries(new Headers(init.headers)),
        agent: agents[target.protocol as keyof typeof agents],
      })
      const onAbort = () => request.destroy(signal!.reason as Error)
      signal?.addEventListener('abort', onAbort, { once: true })
      request.once('close', () => signal?.removeEventListener('abort', onAbort))
      request.once('socket', (socket: Socket) => {
        if (!sockets.has(socket)) sockets.add(socket.once('close', () => sockets.delete(socket)))
        if (socket.connecting) void limitConnecting(request, socket, options)
      })
      request.on('error', (error) => reject(signal?.aborted ? (signal.reason as Error) : closed ? closedError() : error))
      request.once('response', (response) => resolve(responseOf(response)))
      request.end(init.body)
    })

  return {
    async fetch(input, init = {}) {
      if (closed) throw closedError()
      init.signal?.throwIfAborted()
      return send(new URL(input instanceof Request ? input.url : input), init)
    },
    get openSockets() {
      return sockets.size
    },
    async [Symbol.asyncDispose]() {
      closed = true
      const closing = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
      for (const agent of Object.values(agents)) agent.destroy()
      await Promise.all(closing)
    },
  }
}

async function limitConnecting(
  request: http.ClientRequest,
  socket: Socket,
  { clock, connectMs }: { readonly clock: Clock; readonly connectMs: number },
): Promise<void> {
  const connected = new AbortController()
  const onConnected = () => connected.abort()
  socket.once('encrypted' in socket ? 'secureConnect' : 'connect', onConnected).once('close', onConnected)
  try {
    await clock.delay(connectMs, connected.signal)
    request.destroy(new AgentError('model_connect_timeout', `no connection after ${connectMs} ms`))
  } catch {
    // Connected, or given up by somebody else.
  } finally {
    socket.removeListener('close', onConnected)
  }
}

function responseOf(message: http.IncomingMessage): Response {
  const headers = new Headers()
  for (let index = 0; index < message.rawHeaders.length; index += 2) headers.append(message.rawHeaders[index]!, message.rawHeaders[index + 1]!)
  const status = message.statusCode!
  const hasBody = status >= 200 && status !== 204 && status !== 304
  if (!hasBody) message.resume()
  const body = hasBody ? (Readable.toWeb(message) as unknown as ReadableStream<Uint8Array>) : null
  return new Response(body, { status, statusText: message.statusMessage ?? '', headers })
}

function closedError(): AgentError {
  return new AgentError('agent_closed', 'the HTTP client of the agent is closed')
}
