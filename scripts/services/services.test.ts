import { gatewaySettings } from '@talaria/gateway'
import { expect, test } from 'vitest'
import { SERVICES } from './services.ts'

test('the launcher looks for the gateway where its settings say', () => {
  const gateway = SERVICES.find(({ name }) => name === 'gateway')
  const addressOf = ({ env, file, fallback }: { readonly env: string; readonly file?: string; readonly fallback?: unknown } = { env: '' }) => ({
    env,
    file,
    fallback,
  })
  expect([addressOf(gateway?.host), addressOf(gateway?.port)]).toEqual([addressOf(gatewaySettings.apiServerHost), addressOf(gatewaySettings.apiServerPort)])
})
