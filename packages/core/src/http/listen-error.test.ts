import { expect, test } from 'vitest'
import { ListenError, listenErrorOf } from './listen-error.ts'

const settings = { host: 'API_SERVER_HOST', port: 'API_SERVER_PORT' }
const errorOf = (code: string) => Object.assign(new Error(`listen ${code}`), { code })

test.each([
  ['EADDRINUSE', 'PORT_IN_USE', 'Port 80 on localhost is in use by another program: stop that one, or set API_SERVER_PORT to a free port.'],
  ['EACCES', 'PORT_FORBIDDEN', 'Port 80 on localhost may not be opened by this user: set API_SERVER_PORT to a port from 1024 on.'],
  ['EADDRNOTAVAIL', 'ADDRESS_UNAVAILABLE', 'localhost is no address of this machine: set API_SERVER_HOST to one that is, such as 127.0.0.1.'],
  ['ENOTFOUND', 'ADDRESS_UNAVAILABLE', 'localhost is no address of this machine: set API_SERVER_HOST to one that is, such as 127.0.0.1.'],
])('%s becomes %s, in words that name the setting', (systemCode, code, message) => {
  const cause = errorOf(systemCode)
  const error = listenErrorOf(cause, { host: 'localhost', port: 80 }, settings)
  expect(error).toBeInstanceOf(ListenError)
  expect(error).toMatchObject({ code, message, cause })
})

test('any other error stays what it is', () => {
  const error = errorOf('EMFILE')
  expect(listenErrorOf(error, { host: 'localhost', port: 80 }, settings)).toBe(error)
})
