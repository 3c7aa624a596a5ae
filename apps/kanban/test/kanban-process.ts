import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ServiceProcess, type ServiceProcessOptions } from '@talaria/core/testing'

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts')

/** A root key that may be used. */
export const KEY = randomBytes(24).toString('hex')

/** Starts the kanban service's program in this home; it is told nothing else but a key and `env`. */
export function startProcess(home: string, env: Readonly<Record<string, string>> = {}, under?: ServiceProcessOptions['under']): ServiceProcess {
  return new ServiceProcess({
    main: MAIN,
    home,
    env: { KANBAN_PORT: '0', KANBAN_KEY: KEY, NODE_COMPILE_CACHE: join(tmpdir(), 'talaria-test-compile-cache'), ...env },
    ...(under && { under }),
  })
}

/** Asks it with the root key. @throws when it refuses */
export async function ask<Answer>(url: string, path: string, body?: unknown): Promise<Answer> {
  const headers = { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' }
  const response = await fetch(url + path, body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${path} answers ${response.status}: ${await response.text()}`)
  return (await response.json()) as Answer
}
