import { expect, test } from 'vitest'
import { closestName } from './closest-name.ts'

const NAMES = ['gateway.api_server.port', 'gateway.api_server.host', 'gateway.api_server', 'gateway.retention.responses', 'gateway.retention']

test.each([
  ['gateway.api_server.prot', 'gateway.api_server.port'],
  ['gateway.api_server.hst', 'gateway.api_server.host'],
  ['gateway.api_sever', 'gateway.api_server'],
  ['gateway.port', 'gateway.api_server.port'],
  ['gateway.retention.response', 'gateway.retention.responses'],
  ['gateway.colour', undefined],
  ['gateway.api_server.backlog', undefined],
])('%s probably means %s', (name, meant) => {
  expect(closestName(name, NAMES)).toBe(meant)
})
