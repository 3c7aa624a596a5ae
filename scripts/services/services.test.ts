import { gatewaySettings } from '@talaria/gateway'
import { kanbanSettings } from '@talaria/kanban'
import { expect, test } from 'vitest'
import { SERVICES } from './services.ts'

test.each([
  ['gateway', gatewaySettings.apiServerHost, gatewaySettings.apiServerPort],
  ['kanban', kanbanSettings.host, kanbanSettings.port],
])('the launcher looks for the %s where its settings say', (name, host, port) => {
  const service = SERVICES.find((one) => one.name === name)
  const addressOf = ({ env, file, fallback }: { readonly env: string; readonly file?: string; readonly fallback?: unknown } = { env: '' }) => ({
    env,
    file,
    fallback,
  })
  expect([addressOf(service?.host), addressOf(service?.port)]).toEqual([addressOf(host), addressOf(port)])
})
