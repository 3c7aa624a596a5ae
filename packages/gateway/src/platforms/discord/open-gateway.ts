import { Client, GatewayIntentBits, GatewayOpcodes, Options, type GatewayDispatchPayload, type RESTOptions, type WebSocketOptions } from 'discord.js'
import type { ConnectContext } from '../definition.ts'
import type { HttpClient } from '../http-client.ts'
import { PlatformError } from '../platform-error.ts'
import { closeErrorOf, discordErrorOf, isFinalClose } from './discord-error.ts'
import { GatewayStrategy } from './gateway-strategy.ts'
import type { DiscordSettings } from './discord-settings.ts'

const RESUME_MS = 20_000
const CLOSES = { most: 5, withinMs: 60_000 }
const REST_MS = 20_000

type Manager = Parameters<NonNullable<WebSocketOptions['buildStrategy']>>[0]

/** What its manager tells, in the library's words; their names are not exported. */
interface GatewayEvents {
  on(event: 'closed', listener: (event: { readonly code: number }) => void): void
  on(event: 'ready' | 'resumed' | 'heartbeat' | 'error', listener: () => void): void
  once(event: 'heartbeat', listener: () => void): void
  off(event: 'heartbeat', listener: () => void): void
}

/** A connection to Discord's gateway. */
export interface Gateway {
  readonly client: Client
  /** Sends a heartbeat and waits for its acknowledgement. */
  probe(signal: AbortSignal): Promise<void>
}

export interface GatewayOptions {
  readonly settings: DiscordSettings
  readonly http: HttpClient
  readonly context: ConnectContext
  readonly onDispatch: (packet: GatewayDispatchPayload) => void
}

/**
 * Logs in and resolves once Discord has accepted us. A connection that closes is resumed by the library, which misses
 * nothing; when that takes longer than 20 s or happens again and again, the attempt is lost and the supervisor makes another.
 * @throws PlatformError
 */
export async function openGateway({ settings, http, context, onDispatch }: GatewayOptions): Promise<Gateway> {
  const { resources, clock, degraded, lost } = context
  const accepted = Promise.withResolvers<void>()
  const closes: number[] = []
  let manager: (Manager & GatewayEvents) | undefined
  let isAccepted = false
  let resuming: AbortController | undefined

  const onClosed = ({ code }: { readonly code: number }) => {
    if (context.signal.aborted) return
    if (!isAccepted) return accepted.reject(closeErrorOf(code))
    closes.push(clock.monotonic())
    if (closes.length > CLOSES.most) closes.shift()
    const isFlapping = closes.length === CLOSES.most && clock.monotonic() - closes[0]! < CLOSES.withinMs
    if (isFinalClose(code) || isFlapping) return lost(closeErrorOf(code))
    if (resuming) return
    resuming = new AbortController()
    degraded('The connection to Discord was closed and is being resumed.')
    const late = AbortSignal.any([resuming.signal, context.signal])
    clock.delay(RESUME_MS, late).then(
      () => lost(closeErrorOf(code)),
      () => {},
    )
  }
  const onReady = () => {
    isAccepted = true
    accepted.resolve()
    resuming?.abort()
    resuming = undefined
    degraded(undefined)
  }

  const client = new Client({
    intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, GatewayIntentBits.DirectMessages, GatewayIntentBits.MessageContent],
    makeCache: Options.cacheWithLimits({
      ...Object.fromEntries(UNUSED_CACHES.map((name) => [name, 0])),
    }),
    waitGuildTimeout: 1_000,
    rest: {
      api: settings.discordApiRoot,
      // The outbox tries again, and knows for how long.
      retries: 0,
      rejectOnRateLimit: () => true,
      timeout: REST_MS,
      makeRequest: http.fetch as unknown as RESTOptions['makeRequest'],
    },
    ws: {
      buildStrategy(built) {
        manager = built
        manager.on('closed', onClosed)
        manager.on('ready', onReady)
        manager.on('resumed', onReady)
        // What matters of it comes as the code of its close.
        manager.on('error', () => {})
        return new GatewayStrategy(built, context)
      },
    },
  })
  resources.defer(() => client.destroy())
  client.on('raw', onDispatch)
  client.on('error', (error) => context.log.warn({ err: error, platform: 'discord' }, 'discord.js failed inside.'))
  client.on('shardError', () => {})
  client.login(settings.discordBotToken).catch((error: unknown) => accepted.reject(discordErrorOf(error)))
  await accepted.promise

  return {
    client,
    async probe(signal) {
      if (!manager || resuming) throw new PlatformError('connection_lost', 'The connection to Discord is being resumed.')
      const acknowledged = Promise.withResolvers<void>()
      const onAbort = () => acknowledged.reject(new PlatformError('timeout', 'Discord did not acknowledge a heartbeat.'))
      manager.once('heartbeat', acknowledged.resolve)
      signal.addEventListener('abort', onAbort, { once: true })
      try {
        const session = await manager.options.retrieveSessionInfo(0)
        await manager.send(0, { op: GatewayOpcodes.Heartbeat, d: session?.sequence ?? null })
        await acknowledged.promise
      } catch (error) {
        throw discordErrorOf(error)
      } finally {
        manager.off('heartbeat', acknowledged.resolve)
        signal.removeEventListener('abort', onAbort)
      }
    },
  }
}

/** We read what the gateway sends as it comes; of what the library would remember only servers and channels serve us. */
const UNUSED_CACHES = [
  'ApplicationCommandManager',
  'ApplicationEmojiManager',
  'AutoModerationRuleManager',
  'BaseGuildEmojiManager',
  'DMMessageManager',
  'EntitlementManager',
  'GuildBanManager',
  'GuildEmojiManager',
  'GuildForumThreadManager',
  'GuildInviteManager',
  'GuildMemberManager',
  'GuildMessageManager',
  'GuildScheduledEventManager',
  'GuildStickerManager',
  'GuildTextThreadManager',
  'MessageManager',
  'PresenceManager',
  'ReactionManager',
  'ReactionUserManager',
  'StageInstanceManager',
  'ThreadManager',
  'ThreadMemberManager',
  'UserManager',
  'VoiceStateManager',
] as const
