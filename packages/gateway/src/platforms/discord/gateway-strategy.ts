import { SimpleShardingStrategy, type WebSocketOptions } from 'discord.js'
import type { Clock } from '@talaria/core'

type Strategy = NonNullable<WebSocketOptions['buildStrategy']>
type Manager = Parameters<Strategy>[0]
type Destroy = SimpleShardingStrategy['destroy']

/** What we need of the socket that a shard keeps to itself. */
interface Socket {
  readonly readyState: number
  on(event: 'error', listener: () => void): void
  terminate(): void
}

interface Inside {
  readonly shards: ReadonlyMap<number, { readonly connection: Socket | null }>
}

const OPEN = 1
const STEP_MS = 10_000 // For the handshake, and for the gateway's first word after it.
const FAREWELL_MS = 1_000

/**
 * The library's own way to run a shard, except that its end is the end. The library, when told to stop while it waits to
 * reconnect, connects all the same and for ever; told to stop during a handshake, it leaves the socket open and takes its
 * error listener away, so that the failing handshake ends the process.
 */
export class GatewayStrategy extends SimpleShardingStrategy {
  readonly #clock: Clock

  /** `signal` aborts when nothing is to be connected any more. */
  constructor(manager: Manager, { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal }) {
    super(manager)
    this.#clock = clock
    const { options } = manager
    const retrieve = options.retrieveSessionInfo.bind(options)
    Object.assign(options, { handshakeTimeout: STEP_MS, helloTimeout: STEP_MS })
    // It asks before it opens a socket; what gets no answer holds nothing and is collected.
    options.retrieveSessionInfo = (shardId) => (signal.aborted ? new Promise(() => {}) : retrieve(shardId))
  }

  override async destroy(...[options]: Parameters<Destroy>): Promise<void> {
    // Lets a socket be seen that is just being made.
    await new Promise((resolve) => setImmediate(resolve))
    const { shards } = this as unknown as Inside
    const sockets = [...shards.values()].map(({ connection }) => connection).filter((socket) => socket !== null)
    for (const socket of sockets) {
      socket.on('error', () => {})
      if (socket.readyState !== OPEN) socket.terminate()
    }
    const done = new AbortController()
    const farewell = this.#clock.delay(FAREWELL_MS, done.signal).then(
      () => sockets.forEach((socket) => socket.terminate()),
      () => {},
    )
    await super.destroy(options)
    done.abort()
    await farewell
  }
}
