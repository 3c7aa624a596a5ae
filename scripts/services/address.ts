import { talariaHome, type Env } from '@talaria/core'
import { loadSettings } from '@talaria/core/config'
import type { ServiceEntry } from './service-entry.ts'

/** Where a service will listen, by the settings that it will read. Throws a ConfigError if they cannot be used. */
export async function addressOf({ host, port }: ServiceEntry, env: Env): Promise<string> {
  // No sections: whether the rest of `config.yaml` is right is for the service to say.
  const settings = await loadSettings({ host, port }, { env, home: talariaHome(env), sections: [] })
  // A wildcard is where it listens, not where one can call it.
  const name = settings.host === '0.0.0.0' || settings.host === '::' ? '127.0.0.1' : settings.host
  return `http://${name.includes(':') ? `[${name}]` : name}:${settings.port}`
}
