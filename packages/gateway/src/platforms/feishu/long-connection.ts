import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { EventDispatcher, LoggerLevel, WSClient, type HttpInstance } from '@larksuiteoapi/node-sdk'
import type { ConnectContext } from '../definition.ts'
import { PlatformError } from '../platform-error.ts'
import type { EventIntake } from './event-intake.ts'
import { MUTE_LOGGER } from './feishu-client.ts'
import { feishuErrorOf } from './feishu-error.ts'

const HANDSHAKE_MS = 10_000
/** Without an answer to a ping for so long the connection is dead, whatever the socket says. */
const PONG_SECONDS = 10

export interface LongConnectionOptions extends Pick<ConnectContext, 'resources' | 'lost' | 'signal'> {
  readonly appId: string
  readonly appSecret: string
  readonly domain: string
  readonly http: HttpInstance
  readonly take: EventIntake
}

/** A connection that Feishu sends events through. */
export interface LongConnection {
  readonly isConnected: boolean
}

/** Opens one; resolves when it is open. Its first end is the last: who supervises us begins anew. @throws PlatformError */
export async function openLongConnection(options: LongConnectionOptions): Promise<LongConnection> {
  const { appId, appSecret, domain, http, take, resources, lost, signal } = options
  const logger = { logger: MUTE_LOGGER, loggerLevel: LoggerLevel.fatal }
  const opened = Promise.withResolvers<void>()
  // Given up before anybody waits for it, it must not end the process.
  opened.promise.catch(() => {})
  const state = { isOpen: false }
  const agent = createAgent(domain, () => {
    if (state.isOpen) lost(new PlatformError('connection_lost', 'The long connection to Feishu was closed.'))
    state.isOpen = false
  })
  // Closes a socket that is still being opened as well, which closing the client does not.
  resources.defer(() => agent.destroy())
  let failure: unknown
  const client = new WSClient({
    appId,
    appSecret,
    domain,
    agent,
    httpInstance: { ...http, request: (request) => http.request(request).catch((error: unknown) => Promise.reject((failure = error))) },
    autoReconnect: false,
    handshakeTimeoutMs: HANDSHAKE_MS,
    wsConfig: { pingTimeout: PONG_SECONDS },
    onReady: () => opened.resolve(),
    onError: () => {
      // The library's own error says only that it failed.
      const reached = failure === undefined ? undefined : feishuErrorOf(failure, { isRepeatable: true, signal })
      opened.reject(reached ?? new PlatformError('network', 'The long connection to Feishu could not be opened.'))
    },
    ...logger,
  })
  resources.defer(() => {
    state.isOpen = false
    client.close({ force: true })
    // Closed while it is being opened, the library calls nobody.
    opened.reject(new PlatformError('connection_lost', 'The long connection to Feishu was given up.'))
  })
  const eventDispatcher = new EventDispatcher({ ...logger }).register({ 'im.message.receive_v1': take })
  await client.start({ eventDispatcher })
  await opened.promise
  state.isOpen = true
  return {
    get isConnected() {
      return state.isOpen
    },
  }
}

/** Watches the sockets that it opens: the library tells nobody that its connection has ended. */
function createAgent(domain: string, onClose: () => void): HttpAgent {
  const agent = domain.startsWith('https:') ? new HttpsAgent() : new HttpAgent()
  const createConnection = agent.createConnection.bind(agent)
  agent.createConnection = (...parameters) => {
    const socket = createConnection(...parameters)
    socket?.once('close', onClose)
    return socket
  }
  return agent
}
