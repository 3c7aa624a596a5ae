import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { addressOf } from './address.ts'
import { SERVICES } from './services.ts'

/** Where the gateway is with these variables and this `.env` in its home. */
async function gatewayWith(env: Readonly<Record<string, string>>, envFile = ''): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'talaria-address-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  writeFileSync(join(home, '.env'), envFile)
  const gateway = SERVICES.find(({ name }) => name === 'gateway')
  if (!gateway) throw new Error('no gateway')
  return addressOf(gateway, { ...env, TALARIA_HOME: home })
}

test('nothing set is the port of this machine that the documentation says', async () => {
  expect(await gatewayWith({})).toBe('http://127.0.0.1:8642')
})

test('the environment wins over the .env of the home', async () => {
  expect(await gatewayWith({ API_SERVER_PORT: '1000' }, 'API_SERVER_PORT=2000\nAPI_SERVER_HOST=10.0.0.1')).toBe('http://10.0.0.1:1000')
})

test.each([
  ['0.0.0.0', 'http://127.0.0.1:8642'],
  ['::', 'http://127.0.0.1:8642'],
  ['::1', 'http://[::1]:8642'],
])('a service on %s is called at %s', async (host, url) => {
  expect(await gatewayWith({ API_SERVER_HOST: host })).toBe(url)
})

test('a port that is none is refused by its name', async () => {
  await expect(gatewayWith({ API_SERVER_PORT: 'many' })).rejects.toThrow('API_SERVER_PORT')
})
