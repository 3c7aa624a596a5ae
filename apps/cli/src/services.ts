import { readConfig } from './config.ts'
import { ServiceClient } from './service-client.ts'

/** The services of this home, where their settings say that they listen. */
export async function serviceClients(): Promise<readonly ServiceClient[]> {
  return [await gatewayClient()]
}

export async function gatewayClient(): Promise<ServiceClient> {
  const { settings } = await readConfig()
  const host = ['0.0.0.0', '::'].includes(settings.apiServerHost) ? '127.0.0.1' : settings.apiServerHost
  return new ServiceClient({
    name: 'gateway',
    url: `http://${host.includes(':') ? `[${host}]` : host}:${settings.apiServerPort}`,
    key: settings.apiServerKey,
    keyVariable: 'API_SERVER_KEY',
  })
}
