import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { silentLog } from '../log.ts'
import { hostGuard, isLoopback } from './host-guard.ts'
import { startHttpServer } from './http-server.ts'

const status = async (boundTo: string, host: string | undefined, allowed: readonly string[] = []) => {
  const app = new Hono().use(hostGuard({ boundTo, allowed })).get('/', (c) => c.text('ok'))
  return (await app.request('/', { headers: host === undefined ? {} : { host } })).status
}

test.each(['localhost', 'localhost:8642', 'LOCALHOST:1', 'localhost.', '127.0.0.1', '127.0.0.1:8642', '[::1]', '[::1]:8642'])(
  '%s is a name of a server on loopback',
  async (host) => {
    expect(await status('127.0.0.1', host)).toBe(200)
  },
)

test.each([
  'evil.example',
  'evil.example:8642',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'localhost:8642@evil.example',
  '',
  '::1',
  '[::1',
  '192.168.1.5',
  '0.0.0.0',
])('under the name %j it answers nobody', async (host) => {
  expect(await status('127.0.0.1', host)).toBe(403)
})

test('one allowed name does not open the door for the next request', async () => {
  const app = new Hono().use(hostGuard({ boundTo: '127.0.0.1' })).get('/', (c) => c.text('ok'))
  const statuses = []
  for (const host of ['localhost:1', 'evil.example', 'localhost:1', 'localhost:2', 'evil.example'])
    statuses.push((await app.request('/', { headers: { host } })).status)
  expect(statuses).toEqual([200, 403, 200, 200, 403])
})

test('over a socket the Host that counts is the header, whatever the request line says', async () => {
  const app = new Hono().use(hostGuard({ boundTo: '127.0.0.1' })).get('/', (c) => c.text('ok'))
  await using server = await startHttpServer({ fetch: app.fetch, host: '127.0.0.1', port: 0, settings: { host: 'HOST', port: 'PORT' }, log: silentLog })
  const statusOf = async (path: string, host: string) => {
    const request = get({ host: '127.0.0.1', port: server.port, path, headers: { host }, agent: false })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.resume()
    return response.statusCode
  }
  expect(await statusOf('/', `127.0.0.1:${server.port}`)).toBe(200)
  expect(await statusOf('/', 'evil.example')).toBe(403)
  expect(await statusOf('http://localhost/', 'evil.example')).toBe(403)
})

test('further names are allowed when they are listed, with any port', async () => {
  expect(await status('localhost', 'agent.home:443', ['Agent.home'])).toBe(200)
  expect(await status('localhost', 'agent.home.evil.example', ['agent.home'])).toBe(403)
  expect(await status('127.0.0.2', '127.0.0.2:80')).toBe(200)
  expect(await status('::1', '[fd00::5]:80', ['fd00::5'])).toBe(200)
})

test('a server that listens to the network lets every name pass', async () => {
  for (const boundTo of ['0.0.0.0', '::', '192.168.1.5']) expect(await status(boundTo, 'agent.example')).toBe(200)
})

test('what has no Host is no browser and passes', async () => {
  expect(await status('127.0.0.1', undefined)).toBe(200)
})

test('the refusal is in our envelope and names the setting', async () => {
  const app = new Hono().use(hostGuard({ boundTo: '127.0.0.1', setting: 'API_SERVER_ALLOWED_HOSTS' }))
  const response = await app.request('/', { headers: { host: 'evil.example' } })
  expect(await response.json()).toEqual({
    error: {
      message: "'evil.example' is none of the names of this server. Add it to API_SERVER_ALLOWED_HOSTS if it is.",
      type: 'permission_error',
      param: null,
      code: 'forbidden_host',
    },
  })
})

test('loopback is what only this machine reaches', () => {
  expect(['localhost', '127.0.0.1', '127.8.9.10', '::1', '[::1]', '::ffff:127.0.0.1'].filter((host) => !isLoopback(host))).toEqual([])
  expect(['0.0.0.0', '::', '128.0.0.1', '127.0.0.1.evil.example', 'localhost.evil.example', '', '10.0.0.1'].filter(isLoopback)).toEqual([])
})
