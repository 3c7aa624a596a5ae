import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ServiceProcess, type ServiceProcessOptions } from '@talaria/core/testing'

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts')

/** A root key that may be used. */
export const KEY = randomBytes(24).toString('hex')

/** Starts the gateway's program in this home, on a port of its own; it is told nothing else but `env`. */
export function startProcess(home: string, env: Readonly<Record<string, string>> = {}, under?: ServiceProcessOptions['under']): ServiceProcess {
  return new ServiceProcess({
    main: MAIN,
    home,
    env: { API_SERVER_PORT: '0', NODE_COMPILE_CACHE: join(tmpdir(), 'talaria-test-compile-cache'), ...env },
    ...(under && { under }),
  })
}

/** Starts it with a key, and resolves with its address once its platform is connected. */
export async function startConnected(
  home: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly process: ServiceProcess; readonly url: string }> {
  const process = startProcess(home, { API_SERVER_KEY: KEY, ...env })
  try {
    await process.logs('the API server is connected')
    return { process, url: await process.url() }
  } catch (error) {
    await process[Symbol.asyncDispose]()
    throw error
  }
}

/** Asks it with the root key. */
export function ask(url: string, path: string, body?: unknown): Promise<Response> {
  const headers = { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' }
  return fetch(url + path, body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) })
}
