import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RotatingFile } from './rotating-file.ts'
import { until } from './testing/until.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'talaria-log-'))
  file = join(folder, 'logs', 'gateway.log')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Which of our descriptors are on files of this folder. */
const held = () =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder) ? [fd] : []
    } catch {
      return []
    }
  })
const linesOf = (path: string) => readFileSync(path, 'utf8').split('\n').slice(0, -1)

test('lines arrive in order, in a file that is nobody else’s to read, and disposing waits for none', () => {
  using log = new RotatingFile({ file, maxBytes: 1_000_000, maxFiles: 3 })
  for (let count = 0; count < 1_000; count++) log.write(`word ${count}\n`)
  log[Symbol.dispose]()
  log.write('after the end\n')
  expect(linesOf(file)).toEqual(Array.from({ length: 1_000 }, (_, count) => `word ${count}`))
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a full file is put aside, the oldest goes, and no line is lost or cut at the seams', async () => {
  using log = new RotatingFile({ file, maxBytes: 1_000, maxFiles: 3 })
  const written: string[] = []
  for (let count = 0; count < 60; count++) {
    written.push(`${String(count).padStart(3, '0')} ${'x'.repeat(95)}`)
    log.write(`${written.at(-1)}\n`)
    if (count % 5 === 4) await until('it is written', 5_000, () => existsSync(file) && linesOf(file).at(-1) === written.at(-1))
  }
  expect(readdirSync(join(folder, 'logs')).toSorted()).toEqual(['gateway.log', 'gateway.log.1', 'gateway.log.2'])
  expect([`${file}.2`, `${file}.1`, file].flatMap(linesOf)).toEqual(written.slice(-30))
  for (const name of [file, `${file}.1`, `${file}.2`]) expect(statSync(name)).toMatchObject({ size: 1_000 })
})

test('one descriptor is held, however often the file is put aside, and none after the end', async () => {
  const log = new RotatingFile({ file, maxBytes: 100, maxFiles: 2 })
  for (let count = 0; count < 200; count++) {
    log.write(`${'x'.repeat(99)}\n`)
    await new Promise(setImmediate)
    expect(held().length).toBe(1)
  }
  log.write('the last\n')
  log[Symbol.dispose]()
  await until('it is closed', 5_000, () => held().length === 0)
})

test('with one file only, nothing is kept beside it', async () => {
  using log = new RotatingFile({ file, maxBytes: 10, maxFiles: 1 })
  log.write('the first\n')
  await until('it is written', 5_000, () => linesOf(file).length === 1)
  log.write('the second\n')
  await until('the second is written', 5_000, () => linesOf(file)[0] === 'the second')
  expect(readdirSync(join(folder, 'logs'))).toEqual(['gateway.log'])
})

test('what is there already is gone on with, and half a line that a crash has left is ended', () => {
  mkdirSync(join(folder, 'logs'))
  writeFileSync(file, 'whole\nha', { mode: 0o644 })
  using log = new RotatingFile({ file, maxBytes: 1_000, maxFiles: 2 })
  log.write('next\n')
  log[Symbol.dispose]()
  expect(linesOf(file)).toEqual(['whole', 'ha', 'next'])
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a file that cannot be put aside loses lines, not the service, and says how many once it can be again', async () => {
  mkdirSync(`${file}.1`, { recursive: true })
  writeFileSync(join(`${file}.1`, 'in-the-way'), '')
  writeFileSync(file, 'the first\n')
  using log = new RotatingFile({ file, maxBytes: 10, maxFiles: 2 })
  log.write('lost\n')
  log.write('lost too\n')
  rmSync(`${file}.1`, { recursive: true })
  log.write('back\n')
  await until('it writes again', 5_000, () => linesOf(file).at(-1) === 'back')
  expect(linesOf(file)[0]).toMatch(/"level":40.*"msg":"2 lines of this log are lost: E[A-Z]+/)
})

test('a folder in which nothing can be made is an error at once', () => {
  writeFileSync(join(folder, 'logs'), 'a file')
  expect(() => new RotatingFile({ file, maxBytes: 10, maxFiles: 2 })).toThrow(/EEXIST|ENOTDIR/)
})

test.each(['process.exit(1)', "throw new Error('crash')", 'setTimeout(() => process.exit(1), 1)', ''])(
  'all that was said before the end is written, once: %s',
  (end) => {
    const code = `
      const { RotatingFile } = await import(${JSON.stringify(new URL('./rotating-file.ts', import.meta.url).href)})
      const log = new RotatingFile({ file: ${JSON.stringify(file)}, maxBytes: 1e9, maxFiles: 2 })
      for (let count = 0; count < 5_000; count++) log.write('word ' + count + ' ' + 'x'.repeat(100) + '\\n')
      ${end}`
    spawnSync(process.execPath, ['--input-type=module', '-e', code])
    expect(linesOf(file).map((line) => line.split(' ')[1])).toEqual(Array.from({ length: 5_000 }, (_, count) => String(count)))
  },
)
