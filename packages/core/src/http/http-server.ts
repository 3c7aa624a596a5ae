import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { isIPv6, type AddressInfo, type Socket } from 'node:net'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { systemClock, type Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { listenErrorOf, type ListenSettings } from './listen-error.ts'
import { responseOfFailure } from './response-of-failure.ts'
import { sendSse } from './sse-response.ts'

/** Where a server listens: at a port, or at a Unix socket of a path below 107 bytes, which only this user may connect to. */
export type ListenAddress =
  | {
      readonly host: string
      /** 0 has the system choose one; the real one is in `port` of what is returned. */
      readonly port: number
      /** The names of the settings that a person would change when listening fails. */
      readonly settings: ListenSettings
    }
  | { readonly socket: string }

export type HttpServerOptions = ListenAddress & HttpServing

interface HttpServing {
  /** What answers: `app.fetch` of a Hono application. */
  readonly fetch: (request: Request, bindings: HttpBindings) => Response | Promise<Response>
  readonly log: Log
  readonly clock?: Clock
  /** How long disposing waits for answers that are under way; 10 s unless told otherwise. */
  readonly graceMs?: number
  /** Called once listening has ended: the service ends its own streams here, or they last as long as the grace period. */
  readonly onDraining?: () => void | Promise<void>
  readonly timeouts?: Partial<HttpTimeouts>
}

/** What bounds a client that is slow, on purpose or not. */
export interface HttpTimeouts {
  /** From the connection, or the last answer on it, to the end of the headers. */
  readonly headersMs: number
  /** To the end of the body: 10 MB at 1 Mbit/s take 80 s. */
  readonly requestMs: number
  /** Between two requests. Longer than the 60 s after which proxies drop a connection, or they meet one we have just closed. */
  readonly keepAliveMs: number
  /** How often the first two are looked after. */
  readonly checkEveryMs: number
}

const TIMEOUTS: HttpTimeouts = { headersMs: 10_000, requestMs: 120_000, keepAliveMs: 65_000, checkEveryMs: 2_000 }
const MAX_HEADER_BYTES = 16 * 1024
/** A client that vanished without a word is noticed by the kernel after about this long, streams included. */
const PROBE_AFTER_MS = 60_000
const DRAIN_POLL_MS = 25

/** Answers HTTP at one address until it is disposed. */
export interface HttpServer extends AsyncDisposable {
  /** 0 at a Unix socket. */
  readonly port: number
  /** `http+unix:` and the path at a Unix socket. */
  readonly url: string
  /** Whether it has been asked to end; answers carry `Connection: close` from then on. */
  readonly isDraining: boolean
  /** Open connections now. */
  readonly connections: number
}

/**
 * Listens, and resolves once it does. The caller disposes it: listening ends, `onDraining` is called, connections without
 * an answer under way are closed, the others get the grace period, then they are cut. Twice is once.
 *
 * @throws ListenError with nothing left open
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { fetch, log } = options
  const host = 'socket' in options ? 'localhost' : options.host
  const { headersMs, requestMs, keepAliveMs, checkEveryMs } = { ...TIMEOUTS, ...options.timeouts }
  const handle = getRequestListener((request, bindings) => answered(fetch(request, bindings as HttpBindings), bindings as HttpBindings), {
    hostname: host,
    errorHandler: (error) => responseOfFailure(error, log),
  })
  let isDraining = false
  const server = createServer(
    {
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: checkEveryMs,
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAlive: true,
      keepAliveInitialDelay: PROBE_AFTER_MS,
    },
    (request, response) => {
      if (isDraining) response.shouldKeepAlive = false
      void handle(request, response)
    },
  )
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })

  if ('socket' in options) await listenAtSocket(server, options.socket)
  else await listenAtPort(server, options)
  // Such as EMFILE while accepting: that connection is lost, the server is not.
  server.on('error', (error) => log.error({ err: error }, 'The HTTP server could not accept a connection.'))

  const port = 'socket' in options ? 0 : (server.address() as AddressInfo).port
  let closing: Promise<void> | undefined
  return {
    port,
    url: 'socket' in options ? `http+unix:${options.socket}` : `http://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    get isDraining() {
      return isDraining
    },
    get connections() {
      return sockets.size
    },
    [Symbol.asyncDispose]() {
      isDraining = true
      closing ??= drain(server, sockets, options)
      return closing
    },
  }
}

/** What is left for node-server to send. An answer that is there at once stays so: waiting for it would cost it a tenth. */
function answered(answer: Response | Promise<Response>, { outgoing }: HttpBindings): Response | Promise<Response> {
  const left = (response: Response) => (sendSse(response, outgoing) ? RESPONSE_ALREADY_SENT : response)
  return 'then' in answer ? answer.then(left) : left(answer)
}

async function listenAtPort(server: Server, { host, port, settings }: Exclude<ListenAddress, { readonly socket: string }>): Promise<void> {
  server.listen({ host, port })
  try {
    await once(server, 'listening')
  } catch (error) {
    throw listenErrorOf(error, { host, port }, settings)
  }
}

/** Made with the mode it is to have: between making it and changing that, anybody could connect. */
async function listenAtSocket(server: Server, path: string): Promise<void> {
  const before = process.umask(0o177)
  try {
    server.listen({ path })
  } finally {
    process.umask(before)
  }
  await once(server, 'listening')
}

async function drain(server: Server, sockets: ReadonlySet<Socket>, options: HttpServing): Promise<void> {
  const { log, clock = systemClock, graceMs = 10_000, onDraining } = options
  const deadline = clock.monotonic() + graceMs
  const closed = new AbortController()
  server.close(() => closed.abort())

  await withinGrace(async () => onDraining?.(), { clock, graceMs, log })
  for (let left = graceMs; left > 0 && !closed.signal.aborted; left = deadline - clock.monotonic()) {
    server.closeIdleConnections()
    await clock.delay(Math.min(DRAIN_POLL_MS, left), closed.signal).catch(() => {})
    // Only after a pause: whoever has just connected may be about to send a request.
    closeUnused(sockets)
  }
  if (closed.signal.aborted) return
  log.warn({ connections: sockets.size }, `${sockets.size} connections had not ended after ${graceMs} ms and were cut.`)
  for (const socket of sockets) socket.destroy()
  if (!closed.signal.aborted) await once(closed.signal, 'abort')
}

/** Closes connections on which nothing was ever sent, as browsers open them in advance; for Node they are not idle. */
function closeUnused(sockets: ReadonlySet<Socket>): void {
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
}

/** A hook that throws or hangs does not keep a process from ending. */
async function withinGrace(
  hook: () => Promise<void>,
  { clock, graceMs, log }: { readonly clock: Clock; readonly graceMs: number; readonly log: Log },
): Promise<void> {
  const done = new AbortController()
  const running = hook()
    .catch((error: unknown) => log.error({ err: error }, 'A service failed to end its streams.'))
    .finally(() => done.abort())
  await Promise.race([running, clock.delay(graceMs, done.signal).catch(() => {})])
}
