import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { descriptorsOf, expectSameDescriptors } from './descriptors.ts'

test('a file left open is named, a closed one is not missed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'talaria-descriptors-'))
  const file = join(folder, 'left.db')
  const before = await descriptorsOf()
  const descriptor = openSync(file, 'w')
  const twice = openSync(file, 'r')
  await expect(expectSameDescriptors(before, { patienceMs: 50 })).rejects.toThrow(`+2 left open: ${file}`)
  closeSync(descriptor)
  closeSync(twice)
  await expectSameDescriptors(before)
  rmSync(folder, { recursive: true })
})

test('closing what somebody else had open is found as well', async () => {
  const descriptor = openSync('/dev/zero', 'r')
  const before = await descriptorsOf()
  closeSync(descriptor)
  await expect(expectSameDescriptors(before, { patienceMs: 50 })).rejects.toThrow('-1 closed though not ours: /dev/zero')
})

test('a socket that is still closing is waited for', async () => {
  const before = await descriptorsOf()
  const server = createServer().listen(0)
  await once(server, 'listening')
  setTimeout(() => server.close(), 100)
  await expectSameDescriptors(before)
  expect(server.listening).toBe(false)
})
