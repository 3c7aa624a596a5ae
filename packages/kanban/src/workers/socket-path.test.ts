import { expect, test } from 'vitest'
import { workerSocketPath } from './socket-path.ts'

test('the socket is in the home', () => {
  expect(workerSocketPath('/home/anna/.talaria')).toBe('/home/anna/.talaria/workers.sock')
})

test('a home with a long path has its socket elsewhere, always at the same place and not that of another home', () => {
  const [one, again, other] = ['x'.repeat(200), 'x'.repeat(200), 'y'.repeat(200)].map((name) => workerSocketPath(`/${name}`))
  expect(one).toBe(again)
  expect(one).not.toBe(other)
  expect(Buffer.byteLength(one!)).toBeLessThanOrEqual(107)
})
