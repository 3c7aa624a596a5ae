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
  // Closes a socket that is still being opened as well, which closing the client does not.
  const agent = resources.adopt(domain.startsWith('https:') ? new HttpsAgent() : new HttpAgent(), (open) => open.destroy())
  let failure: unknown
  const client = new WSClient({
    appId,
    appSecret,
    domain,
    agent,
    httpInstance: { ...http, request: (request) => http.request(request).catch((error: unknown) => Promise.reject((failure = error))) } as HttpInstance,
    handshakeTimeoutMs: HANDSHAKE_MS,
    wsConfig: { pingTimeout: PONG_SECONDS },
    // The only sign of a connection's end that the library gives; it says so before it tries again, which it then must not.
    onReconnecting: () =>
      queueMicrotask(() => {
        client.close({ force: true })
        lost(new PlatformError('connection_lost', 'The long connection to Feishu was closed.'))
      }),
    ...logger,
  })
  resources.defer(() => client.close({ force: true }))
  const eventDispatcher = new EventDispatcher({ ...logger }).register({ 'im.message.receive_v1': take })
  await client.start({ eventDispatcher })
  const isConnected = () => client.getConnectionStatus().state === 'connected'
  if (!isConnected()) {
    client.close({ force: true })
    throw failure === undefined
      ? new PlatformError('network', 'The long connection to Feishu could not be opened.')
      : feishuErrorOf(failure, { isRepeatable: true, signal })
  }
  return {
    get isConnected() {
      return isConnected()
    },
  }
}
