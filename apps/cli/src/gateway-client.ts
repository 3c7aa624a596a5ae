import type { Config } from './config.ts'
import { ServiceClient } from './service-client.ts'

const EVERYWHERE = ['0.0.0.0', '::']

/** The gateway of this home, where its settings say that it listens. */
export function gatewayClient({ settings }: Config): ServiceClient {
  const { apiServerHost: host, apiServerPort: port, apiServerKey: key } = settings
  const name = EVERYWHERE.includes(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return new ServiceClient({ name: 'gateway', url: `http://${name}:${port}`, key, keyVariable: 'API_SERVER_KEY' })
}

/** Every service of this home. */
export function serviceClients(config: Config): readonly ServiceClient[] {
  return [gatewayClient(config)]
}
