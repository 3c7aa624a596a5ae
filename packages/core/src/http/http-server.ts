import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { isIPv6, type AddressInfo, type Socket } from 'node:net'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { systemClock, type Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { listenErrorOf, type ListenSettings } from './listen-error.ts'
import { responseOfFailure } from './response-of-failure.ts'

export interface HttpServerOptions {
  /** What answers: `app.fetch` of a Hono application. */
  readonly fetch: (request: Request, bindings: HttpBindings) => Response | Promise<Response>
  readonly host: string
  /** 0 has the system choose one; the real one is in `port` of what is returned. */
  readonly port: number
  /** The names of the settings that a person would change when listening fails. */
  readonly settings: ListenSettings
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
  readonly host: string
  readonly port: number
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
  const { fetch, host, log } = options
  const { headersMs, requestMs, keepAliveMs, checkEveryMs } = { ...TIMEOUTS, ...options.timeouts }
  const handle = getRequestListener((request, bindings) => fetch(request, bindings as HttpBindings), {
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

  server.listen({ host, port: options.port })
  try {
    await once(server, 'listening')
  } catch (error) {
    throw listenErrorOf(error, options, options.settings)
  }
  // Such as EMFILE while accepting: that connection is lost, the server is not.
  server.on('error', (error) => log.error({ err: error }, 'The HTTP server could not accept a connection.'))

  const { port } = server.address() as AddressInfo
  let closing: Promise<void> | undefined
  return {
    host,
    port,
    url: `http://${isIPv6(host) ? `[${host}]` : host}:${port}`,
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

async function drain(server: Server, sockets: ReadonlySet<Socket>, options: HttpServerOptions): Promise<void> {
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
