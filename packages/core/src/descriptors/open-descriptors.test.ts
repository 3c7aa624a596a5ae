import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { descriptorsOf, expectSameDescriptors, type Descriptors } from '../testing/descriptors.ts'
import { countDescriptors, descriptorUse } from './open-descriptors.ts'

let before: Descriptors
let folder: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'talaria-open-'))
  before = await descriptorsOf()
})
afterEach(async () => {
  await expectSameDescriptors(before)
  rmSync(folder, { recursive: true, force: true })
})

describe.runIf(process.platform === 'linux')('on Linux', () => {
  test('the count is exact, and counting opens nothing', () => {
    const start = countDescriptors()!
    expect(readdirSync('/proc/self/fd')).toHaveLength(start + 1)
    const opened = Array.from({ length: 50 }, () => openSync('/dev/null', 'r'))
    expect(countDescriptors()).toBe(start + 50)
    opened.forEach((descriptor) => closeSync(descriptor))
    expect(countDescriptors()).toBe(start)
  })

  test('each descriptor is of one class; a database is what the caller says, also once it was deleted', async () => {
    const isDatabase = (path: string) => [join(folder, 'gateway.db'), join(folder, 'gateway.db-wal')].includes(path)
    const start = (await descriptorUse(isDatabase))!
    const files = ['gateway.db', 'gateway.db-wal', 'notes.txt'].map((name) => openSync(join(folder, name), 'w'))
    rmSync(join(folder, 'gateway.db'))
    const server = createServer().listen(0)
    const use = (await descriptorUse(isDatabase))!
    expect(use.classes.database - start.classes.database).toBe(2)
    expect(use.classes.socket - start.classes.socket).toBe(1)
    expect(use.classes.file - start.classes.file).toBe(1)
    expect(Object.values(use.classes).reduce((sum, count) => sum + count)).toBe(use.total)
    expect(use.total).toBe(countDescriptors())
    files.forEach((descriptor) => closeSync(descriptor))
    server.close()
  })

  test('looking at a thousand of them lets other work run in between', async () => {
    const opened = Array.from({ length: 1_000 }, () => openSync('/dev/null', 'r'))
    let turns = 0
    const others = setInterval(() => turns++, 0)
    await descriptorUse(() => false)
    clearInterval(others)
    opened.forEach((descriptor) => closeSync(descriptor))
    expect(turns).toBeGreaterThan(0)
  })

  test('with no descriptor left one can still count, and looking closer says EMFILE', () => {
    const module = JSON.stringify(new URL('./open-descriptors.ts', import.meta.url).href)
    const code = `
      import { openSync, closeSync } from 'node:fs'
      import { countDescriptors, descriptorUse } from ${module}
      const opened = []
      try { for (;;) opened.push(openSync('/dev/null')) } catch {}
      const count = countDescriptors()
      const code = await descriptorUse(() => false).catch((error) => error.code)
      opened.forEach((descriptor) => closeSync(descriptor))
      console.log(count, code)`
    const output = execFileSync('sh', ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, code]).toString()
    // More than 64 if some were inherited from above the limit.
    expect(Number.parseInt(output)).toBeGreaterThanOrEqual(64)
    expect(output.trim()).toMatch(/ EMFILE$/)
  })
})
