import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serviceStatusSchema } from '@talaria/core/contracts'
import { ServiceProcess, until, type ServiceProcessOptions } from '@talaria/core/testing'
import { temporaryHome } from '@talaria/db/testing'
import { ApiClient } from './api-client.ts'

const MAIN = join(import.meta.dirname, '..', '..', '..', 'apps', 'gateway', 'src', 'main.ts')
const START_MS = 30_000

export interface GatewayOptions extends Partial<Pick<ServiceProcessOptions, 'home' | 'env' | 'under'>> {
  /** The root key; a new one unless given. */
  readonly key?: string
  /** Do not wait until it works, only until it listens. */
  readonly onceListening?: boolean
}

/** A gateway as it runs: the real process on a port of its own, with the scripted model. */
export class Gateway implements AsyncDisposable {
  readonly process: ServiceProcess
  readonly url: string
  readonly key: string
  readonly home: string
  /** With the root key. */
  readonly api: ApiClient
  readonly #owned: DisposableStack

  constructor(parts: { readonly process: ServiceProcess; readonly url: string; readonly key: string; readonly home: string; readonly owned: DisposableStack }) {
    this.process = parts.process
    this.url = parts.url
    this.key = parts.key
    this.home = parts.home
    this.#owned = parts.owned
    this.api = this.#owned.use(new ApiClient(parts.url, parts.key))
  }

  /** Kills it, and removes its home when that was made for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]()
    this.#owned.dispose()
  }
}

/** Starts a gateway, and resolves once it answers under `/v1`. */
export async function startGateway({
  key = randomBytes(24).toString('hex'),
  home,
  env = {},
  under = [],
  onceListening = false,
}: GatewayOptions = {}): Promise<Gateway> {
  using owned = new DisposableStack()
  const folder = home ?? owned.use(temporaryHome()).path
  await using starting = new AsyncDisposableStack()
  const process = starting.use(
    new ServiceProcess({
      main: MAIN,
      home: folder,
      under,
      // Parsed programs are kept between starts, of which there are hundreds here.
      env: { API_SERVER_KEY: key, API_SERVER_PORT: '0', TALARIA_MODEL: 'scripted', NODE_COMPILE_CACHE: join(tmpdir(), 'talaria-test-compile-cache'), ...env },
    }),
  )
  const url = await process.url()
  using api = new ApiClient(url, key)
  if (!onceListening)
    await until('the gateway says that it is running', START_MS, async () => {
      const answer = await api.get('/status').catch(() => undefined)
      return answer?.status === 200 && serviceStatusSchema.parse(answer.json).status === 'running'
    })
  starting.move()
  return new Gateway({ process, url, key, home: folder, owned: owned.move() })
}
