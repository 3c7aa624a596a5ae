import type { Config } from './config.ts'
import { ServiceClient } from './service-client.ts'

const EVERYWHERE = ['0.0.0.0', '::']

/** The gateway of this home, where its settings say that it listens. */
export function gatewayClient({ settings }: Pick<Config, 'settings'>): ServiceClient {
  const { apiServerHost: host, apiServerPort: port, apiServerKey: key } = settings
  return new ServiceClient({ name: 'gateway', url: urlOf(host, port), key, keyVariable: 'API_SERVER_KEY' })
}

/** The kanban service of this home, where its settings say that it listens. */
export function kanbanClient({ kanban: { host, port, key } }: Pick<Config, 'kanban'>): ServiceClient {
  return new ServiceClient({ name: 'kanban', url: urlOf(host, port), key, keyVariable: 'KANBAN_KEY' })
}

/** The services of this home that run; the gateway when none does, so that asking it says what to do. */
export async function runningClients(config: Config): Promise<readonly ServiceClient[]> {
  const clients = [gatewayClient(config), kanbanClient(config)]
  const running = await Promise.all(clients.map(async (client) => ((await client.isRunning()) ? [client] : [])))
  const answering = running.flat()
  return answering.length > 0 ? answering : [clients[0]!]
}

function urlOf(host: string, port: number): string {
  const name = EVERYWHERE.includes(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}`
}
