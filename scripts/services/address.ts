import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { homePaths, talariaHome, type Env } from '@talaria/core'
import type { ServiceEntry } from './service-entry.ts'

/** Where a service will listen, by the settings it will read: the environment first, then `.env` of the home. */
export function addressOf({ host, port }: ServiceEntry, env: Env): string {
  const { envFile } = homePaths(talariaHome(env))
  const settings = { ...(existsSync(envFile) ? parseEnv(readFileSync(envFile, 'utf8')) : {}), ...env }
  const name = settings[host.variable] || host.preset
  // A wildcard is where it listens, not where one can call it.
  const reachable = name === '0.0.0.0' || name === '::' ? '127.0.0.1' : name
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${settings[port.variable] || port.preset}`
}
