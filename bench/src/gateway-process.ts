import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { startChild } from './child.ts'

export const BENCH_KEY = 'bench-key-5f3a9c17d2e84b60'

export interface GatewayProcessOptions {
  readonly env?: NodeJS.ProcessEnv
  /** A home that is there already; a new one unless given. */
  readonly home?: string
}

/** A gateway in a process of its own, as it runs in production. */
export interface GatewayProcess extends AsyncDisposable {
  readonly url: string
  readonly home: string
  readonly pid: number
  /** From the start of the process to its first answer, in milliseconds. */
  readonly readyAfterMs: number
  readonly headers: Readonly<Record<string, string>>
  /** A sample of its metrics by name and labels as they are written. */
  metrics(): Promise<ReadonlyMap<string, number>>
}

const ROOT = join(import.meta.dirname, '../..')

/** The production command of docs/operations.md. */
const COMMAND = ['--max-semi-space-size=4', '--heap-growing-percent=30', join(ROOT, 'apps/gateway/dist/main.mjs')]

/** Bundles the gateway, as it is deployed. */
export async function buildGateway(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/build.ts'), 'gateway'])
}

export async function startGatewayProcess(folder: string, { env, home }: GatewayProcessOptions = {}): Promise<GatewayProcess> {
  const port = await freePort()
  const ownHome = home ?? (await mkdtemp(join(folder, 'home-')))
  const url = `http://127.0.0.1:${port}`
  const begun = performance.now()
  const child = startChild(COMMAND, {
    TALARIA_HOME: ownHome,
    API_SERVER_KEY: BENCH_KEY,
    API_SERVER_PORT: String(port),
    TALARIA_LOG_LEVEL: 'warn',
    TALARIA_MODEL: 'scripted',
    ...env,
  })
  const readyAfterMs = (await firstAnswer(url)) - begun
  const headers = { authorization: `Bearer ${BENCH_KEY}`, 'content-type': 'application/json' }
  await untilConnected(url, headers)
  return {
    url,
    home: ownHome,
    pid: child.process.pid!,
    readyAfterMs,
    headers,
    async metrics() {
      const text = await (await fetch(`${url}/metrics`, { headers })).text()
      return new Map(
        text
          .split('\n')
          .flatMap((line) =>
            line === '' || line.startsWith('#') ? [] : [[line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))] as const],
          ),
      )
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}

/** Monotonic time of the first 200 on `/health`. */
async function firstAnswer(url: string): Promise<number> {
  for (let tries = 0; tries < 10_000; tries++) {
    const isUp = await fetch(`${url}/health`).then(
      (response) => response.ok,
      () => false,
    )
    if (isUp) return performance.now()
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  throw new Error(`the gateway at ${url} did not come up`)
}

async function untilConnected(url: string, headers: Record<string, string>): Promise<void> {
  while (!(await fetch(`${url}/v1/models`, { headers })).ok) await new Promise((resolve) => setTimeout(resolve, 10))
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
