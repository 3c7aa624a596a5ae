import { silentLog } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import type { BusyMode, GatewayStores } from '@talaria/db'
import { openTestDatabases, temporaryHome } from '@talaria/db/testing'
import type { Verdict } from '../src/chats/authorize-verdict.ts'
import { Chats, type ChatsOptions } from '../src/chats/chats.ts'
import type { InboundMessage } from '../src/chats/inbound-message.ts'
import { MediaCache } from '../src/chats/media-cache.ts'
import { DEFAULT_SHARING } from '../src/chats/session-key.ts'
import { Notifications } from '../src/notifications/notifications.ts'
import type { Platform } from '../src/platforms/platform.ts'
import { AccountLeases } from '../src/platforms/account-leases.ts'
import { PlatformSupervisor } from '../src/platforms/supervisor.ts'
import { twinPlatform } from '../src/platforms/twin/twin-platform.ts'
import { TwinService } from '../src/platforms/twin/twin-service.ts'
import { recoverTurns } from '../src/turns/recover-turns.ts'
import { Runner } from '../src/turns/runner.ts'
import { Turns } from '../src/turns/turns.ts'
import { echo, TestAgent } from './test-agent.ts'

export interface TestChatsOptions extends Partial<Pick<ChatsOptions, 'transcriber' | 'maxAttachmentBytes'>> {
  readonly commands?: Partial<ChatsOptions['commands']>
  readonly agent?: TestAgent
  readonly busyMode?: BusyMode
  readonly authorize?: (message: InboundMessage) => Verdict
  /** Changes what is known of the twin, such as what it can do. */
  readonly platform?: (platform: Platform) => Platform
}

/** Conversations on a twin, over a real database, by a clock that stands still unless a test waits. */
export interface TestChats extends AsyncDisposable {
  readonly service: TwinService
  readonly agent: TestAgent
  readonly stores: GatewayStores
  readonly clock: FakeClock
  readonly home: string
  readonly chats: Chats
  readonly notifications: Notifications
  /** Lets time pass, ten milliseconds at a time, until something is so. */
  until<Answer>(what: string, look: () => Promise<Answer | undefined | false> | Answer | undefined | false): Promise<Answer>
  /** The texts that people see in a chat, oldest first. */
  texts(chatId?: string): readonly string[]
  /** The process dies: from one moment to the next nothing of it acts any more. The next one is started by `begin`. */
  kill(): Promise<void>
  /** Starts the next process on the same home, and recovers what the one before has left. */
  begin(): Promise<void>
}

interface Process {
  readonly chats: Chats
  readonly notifications: Notifications
  readonly runner: Runner
  kill(): void
  stop(): Promise<void>
}

export async function openTestChats(options: TestChatsOptions = {}): Promise<TestChats> {
  await using stack = new AsyncDisposableStack()
  const clock = new FakeClock()
  const home = stack.use(temporaryHome())
  const { databases } = stack.use(openTestDatabases({ clock }))
  const stores = databases.gateway
  const service = new TwinService({ clock })
  const agent = options.agent ?? new TestAgent({ play: echo })
  const begin = () => startProcess({ clock, stores, service, agent, cacheDir: home.path, ...options })
  let process: Process | undefined = await begin()
  stack.defer(async () => {
    const stopping = process?.stop()
    let isOver = stopping === undefined
    void stopping?.finally(() => (isOver = true))
    while (!isOver) await clock.advance(100)
  })
  const owned = stack.move()
  const until: TestChats['until'] = async (what, look) => {
    for (let waited = 0; waited < 3_000; waited++) {
      const answer = await look()
      if (answer !== undefined && answer !== false) return answer
      await clock.advance(10)
    }
    throw new Error(`Waited in vain: ${what}. Sent: ${JSON.stringify(service.sent.map(({ text }) => text.slice(0, 200)))}`)
  }
  await until('the twin is connected', () => service.connections > 0)
  return {
    service,
    agent,
    stores,
    clock,
    home: home.path,
    get chats() {
      return process!.chats
    },
    get notifications() {
      return process!.notifications
    },
    until,
    texts: (chatId = 'chat-1') => service.sent.filter(({ address }) => address.chatId === chatId).map(({ text }) => text),
    async kill() {
      const { runner } = process!
      process!.kill()
      process = undefined
      await stores.runners.remove(runner.id)
      await stores.runners.register({ id: runner.id, host: runner.id, pid: 1, processStarted: null })
      // A runner of another host is known to be dead by its silence only.
      await clock.advance(36_000)
    },
    async begin() {
      process = await begin()
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

interface ProcessOptions extends TestChatsOptions {
  readonly clock: FakeClock
  readonly stores: GatewayStores
  readonly service: TwinService
  readonly agent: TestAgent
  readonly cacheDir: string
}

async function startProcess(options: ProcessOptions): Promise<Process> {
  const { clock, service, agent, cacheDir } = options
  const life = { isOver: false }
  const stores = mortal(options.stores, life)
  const log = silentLog
  const runner = new Runner({ runners: stores.runners, turns: stores.turns, clock, log })
  await runner.start()
  const turns = new Turns({ stores, agent, runner, clock, log, maxConcurrent: 0, hasRoom: () => true })
  const supervisor = new PlatformSupervisor({
    definition: twinPlatform(service),
    settings: {},
    receive: (_, message) => chats.receive(message),
    records: stores.platforms,
    leases: new AccountLeases({ store: stores.platformLeases, runner, clock, log }),
    random: () => 0,
    clock,
    log,
  })
  const connected = () => {
    const platform = life.isOver ? undefined : supervisor.current
    return platform && (options.platform?.(platform) ?? platform)
  }
  const chats = new Chats({
    stores,
    turns,
    runner,
    platforms: ['twin'],
    connected,
    authorize: async (message) => options.authorize?.(message) ?? { kind: 'allowed', tier: 'admin' },
    commands: { dispatch: async () => undefined, implied: async () => undefined, ...options.commands },
    policyOf: () => ({ sharing: DEFAULT_SHARING, busyMode: options.busyMode ?? 'queue', reset: {} }),
    configuredHome: () => undefined,
    isPaused: async () => false,
    cache: new MediaCache(cacheDir, clock),
    maxAttachmentBytes: options.maxAttachmentBytes ?? 1024 * 1024,
    ...(options.transcriber && { transcriber: options.transcriber }),
    paths: { roots: [cacheDir] },
    personalities: {},
    modelName: 'talaria',
    clock,
    log,
  })
  const notifications = new Notifications({
    stores,
    turns,
    runner,
    wake: (sessionKey) => chats.wake(sessionKey),
    cache: new MediaCache(cacheDir, clock),
    platforms: ['twin'],
    roomOn: () => 4_000,
    sharing: DEFAULT_SHARING,
    modelName: 'talaria',
    clock,
  })
  await recoverTurns({ stores, runner, owns: (id) => turns.owns(id), chatOf: (turn) => chats.settlementOf(turn), onGone: (id) => chats.adopt(id), clock, log })
  chats.start()
  void supervisor.start()
  return {
    chats,
    notifications,
    runner,
    kill() {
      life.isOver = true
      void supervisor[Symbol.asyncDispose]()
    },
    async stop() {
      await turns.drain(0)
      await chats[Symbol.asyncDispose]()
      await supervisor[Symbol.asyncDispose]()
      await runner[Symbol.asyncDispose]()
    },
  }
}

/** Stores of a process that may die: what it asks of them after that never happens. */
function mortal(stores: GatewayStores, life: { readonly isOver: boolean }): GatewayStores {
  const never = new Promise<never>(() => {})
  const wrapped = Object.entries(stores).map(([name, store]) => [
    name,
    new Proxy(store as object, {
      get(target, key) {
        const member: unknown = Reflect.get(target, key, target)
        return typeof member === 'function' ? (...args: unknown[]) => (life.isOver ? never : Reflect.apply(member, target, args)) : member
      },
    }),
  ])
  return Object.fromEntries(wrapped) as GatewayStores
}
