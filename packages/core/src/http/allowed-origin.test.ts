import { expect, test } from 'vitest'
import { isAllowedOrigin } from './allowed-origin.ts'

test.each([
  ['https://a.example', ['https://a.example'], true],
  ['https://A.Example:443', ['https://a.example/'], true],
  ['http://localhost:5173', ['http://localhost:5173'], true],
  ['app://chat', ['app://chat'], true],
  ['https://anything.example', ['*'], true],
  ['null', ['null'], true],
  ['null', ['https://a.example'], false],
  ['http://a.example', ['https://a.example'], false],
  ['https://a.example:8443', ['https://a.example'], false],
  ['https://a.example.evil.example', ['https://a.example'], false],
  ['https://evil.example', ['https://*'], false],
  ['https://a.example@evil.example', ['https://a.example'], false],
  ['https://a.example/path', ['https://a.example/path'], false],
  ['app://other', ['app://chat'], false],
  ['', [''], false],
  ['nonsense', ['nonsense'], false],
])('%j with %j allowed: %j', (origin, allowed, expected) => {
  expect(isAllowedOrigin(origin, allowed)).toBe(expected)
})
