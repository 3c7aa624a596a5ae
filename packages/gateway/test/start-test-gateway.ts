import type { Agent } from '@talaria/agent'
import { homePaths, silentLog, startDescriptorBudget, startEventLoopDelay, systemClock, type Clock, type DescriptorBudget, type Log } from '@talaria/core'
import { loadSettings } from '@talaria/core/config'
import { startHttpServer, type HttpServer } from '@talaria/core/http'
import type { Databases, GatewayStores } from '@talaria/db'
import { openTestDatabases, temporaryHome } from '@talaria/db/testing'
import { Gateway } from '../src/gateway.ts'
import type { PlatformDefinition } from '../src/platforms/definition.ts'
import { gatewaySettings } from '../src/settings.ts'
import { ApiClient } from './api-client.ts'
import { echo, TestAgent } from './test-agent.ts'

export const ROOT_KEY = 'root-1f0c9a6be47d2385'

export interface TestGatewayOptions {
  /** Settings as environment variables, beside the root key. */
  readonly env?: Readonly<Record<string, string>>
  /** Chat platforms; none unless given. */
  readonly platforms?: readonly PlatformDefinition[]
  /** Answers with an echo unless given. */
  readonly agent?: Agent
  readonly clock?: Clock
  readonly log?: Log
  /** Shares the home, and the databases, of another gateway of the same test: two processes of one home. */
  readonly beside?: TestGateway
  readonly admits?: () => boolean
  /** Puts something between the gateway and its stores. */
  readonly between?: (stores: GatewayStores) => GatewayStores
  /** Whether it also listens on a port; else it is called without a network. */
  readonly listens?: boolean
  readonly timeouts?: Parameters<typeof startHttpServer>[0]['timeouts']
  /** Whether `start` is left to the test. */
  readonly isIdle?: boolean
}

/** A real gateway over a home of its own, as `apps/gateway` wires it; disposing ends it as `main` does. */
export interface TestGateway extends AsyncDisposable {
  readonly gateway: Gateway
  readonly databases: Databases
  readonly stores: GatewayStores
  readonly home: string
  /** The agent, unless one was given. */
  readonly agent: TestAgent
  /** Calls it with the root key. */
  readonly api: ApiClient
  /** Where it listens. */
  readonly server: HttpServer
}

/** Starts a gateway; by default without a network, with an agent that repeats what it is told. */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const { env, platforms = [], clock = systemClock, log = silentLog, beside, listens, isIdle } = options
  const agent = options.agent ?? new TestAgent({ play: echo })
  await using stack = new AsyncDisposableStack()
  const home = beside ? beside.home : stack.use(temporaryHome()).path
  const paths = homePaths(home)
  const databases = beside ? beside.databases : stack.use(openTestDatabases({ file: paths.gatewayDb, clock })).databases
  const settings = await loadSettings(gatewaySettings, {
    env: { API_SERVER_KEY: ROOT_KEY, API_SERVER_PORT: '0', TALARIA_SHUTDOWN_GRACE: '100ms', ...env },
    home,
  })
  const budget = stack.use(startDescriptorBudget({ clock, log, isDatabase: (path) => path.startsWith(home) }))
  const eventLoopDelay = stack.use(startEventLoopDelay({ clock }))
  const gateway = new Gateway({
    databases: withStores(databases, options.between),
    agent,
    budget: budgetOf(budget, options.admits),
    eventLoopDelay,
    settings,
    platforms,
    paths,
    version: '0.0.0-test',
    clock,
    log,
  })
  stack.use(gateway)
  const server = listens
    ? stack.use(
        await startHttpServer({
          fetch: gateway.fetch,
          host: settings.apiServerHost,
          port: settings.apiServerPort,
          settings: { host: 'API_SERVER_HOST', port: 'API_SERVER_PORT' },
          graceMs: settings.shutdownGrace + 5_000,
          onDraining: () => gateway.drain(),
          log,
          clock,
          ...(options.timeouts && { timeouts: options.timeouts }),
        }),
      )
    : undefined
  if (!isIdle) await gateway.start()
  const owned = stack.move()
  return {
    gateway,
    databases,
    get stores() {
      return databases.gateway
    },
    home,
    agent: agent as TestAgent,
    api: new ApiClient(server ? fetch : gateway.fetch, server?.url ?? 'http://127.0.0.1:8642', ROOT_KEY),
    server: server!,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function withStores(databases: Databases, between: TestGatewayOptions['between']): Databases {
  if (!between) return databases
  const stores = between(databases.gateway)
  return new Proxy(databases, {
    get(target, name) {
      if (name === 'gateway') return stores
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function budgetOf(budget: DescriptorBudget, admits: (() => boolean) | undefined): DescriptorBudget {
  if (admits) budget.admits = admits
  return budget
}
