import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { createLog } from './log.ts'
import { FakeClock } from './testing/fake-clock.ts'

interface LogLine {
  level: number
  msg: string
  repeated?: number
  repeats?: string
  err?: { message: string; stack: string; headers?: unknown }
}

function logWith(options: { level?: string } = {}) {
  const lines: LogLine[] = []
  const clock = new FakeClock()
  const destination = { write: (line: string) => lines.push(JSON.parse(line) as LogLine) }
  return { lines, clock, log: createLog('test', { ...options, clock, destination }) }
}

test('secrets are replaced in fields at any depth, in the sentence, in errors with their causes, and in children', () => {
  const secret = 'k3Vq9ZpW7m2XdR5t'
  const { lines, log } = logWith()
  log.child({ request: { headers: { authorization: `Bearer ${secret}` } } }).info({ env: { deep: { API_SERVER_KEY: secret } } }, `got Bearer ${secret}`)
  const error = new Error(`refused: postgres://u:${secret}@db/x`, { cause: new Error(`with Authorization: Bearer ${secret}`) })
  log.error({ err: Object.assign(error, { headers: { cookie: `a=${secret}` } }) }, 'It failed.')
  log.error(error)
  expect(lines).toHaveLength(3)
  expect(JSON.stringify(lines)).not.toContain(secret)
  expect(lines[1]?.err?.message).toContain('postgres://[redacted]@db/x')
})

test('of one error ten lines are written, the tenth says that the rest is counted, and the count follows', async () => {
  const { lines, clock, log } = logWith()
  for (let port = 0; port < 10_000; port++) log.error({ err: new Error(`connect ECONNREFUSED 127.0.0.1:${port}`) }, `Attempt ${port} failed.`)
  expect(lines).toHaveLength(10)
  expect(lines.map((line) => line.repeats)).toEqual([...Array.from({ length: 9 }), 'only counted from here on'])
  await clock.advance(60_000)
  log.info('Connected.')
  expect(lines.slice(10)).toMatchObject([
    { level: 50, repeated: 9_990, msg: 'Repeated 9990 more times: Attempt 0 failed.' },
    { level: 30, msg: 'Connected.' },
  ])
})

test('different errors do not hide each other', () => {
  const { lines, log } = logWith()
  for (let count = 0; count < 50; count++) log.error({ err: new Error('disk full') }, 'The loop failed.')
  log.error({ err: new Error('database locked') }, 'The loop failed.')
  log.warn('The loop failed.')
  expect(lines.slice(10).map((line) => line.err?.message)).toEqual(['database locked', undefined])
})

test('children share the count, or a storm of one child a request would pass', () => {
  const { lines, log } = logWith()
  for (let request = 0; request < 100; request++) log.child({ request }).error('No.')
  expect(lines).toHaveLength(10)
})

test('a storm of many kinds of errors is bounded as well', () => {
  const word = (number: number) => number.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)] ?? '')
  const few = logWith()
  for (let count = 0; count < 10_000; count++) few.log.error(`cannot read ${word(count % 100)}`)
  expect(few.lines).toHaveLength(600)
  const many = logWith()
  for (let count = 0; count < 10_000; count++) many.log.error(`cannot read ${word(count)}`)
  expect(many.lines.length).toBeLessThan(600)
})

test('information is never held back', () => {
  const { lines, log } = logWith()
  for (let count = 0; count < 1_000; count++) log.info('Request served.')
  expect(lines).toHaveLength(1_000)
})

test('a line with a body of megabytes in it is cut', () => {
  const lines: string[] = []
  createLog('test', { destination: { write: (line) => lines.push(line) } }).error({ body: 'x'.repeat(5_000_000) }, 'Refused.')
  expect(lines[0]?.length).toBeLessThan(65_536)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'Refused.' })
})

test('importing the log does not touch standard output', () => {
  const code = `
    Object.defineProperty(process, 'stdout', { get() { throw new Error('touched') } })
    await import(${JSON.stringify(new URL('./log.ts', import.meta.url).href)})`
  execFileSync(process.execPath, ['--input-type=module', '-e', code], { stdio: 'pipe' })
})

const LOUD = `
  const { createLog } = await import(${JSON.stringify(new URL('./log.ts', import.meta.url).href)})
  const log = createLog('test')`

test.each(['process.exit(1)', "throw new Error('crash')", ''])('all that was said before the end is written: %s', (end) => {
  const code = `${LOUD}\n for (let count = 1; count <= 500; count++) log.info('word ' + count)\n ${end}`
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code])
  expect(stderr.toString().match(/"msg":"word \d+"/g)).toHaveLength(500)
})

test('a reader that stalls does not stall the service', async () => {
  // 20 MB into a pipe that holds 64 kB and that nobody reads.
  const code = `${LOUD}\n for (let count = 1; count <= 20_000; count++) log.info({ body: 'x'.repeat(1_000) }, 'word')\n setTimeout(() => console.log('alive'), 10)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'pipe'] })
  expect(String((await once(child.stdout, 'data'))[0])).toBe('alive\n')
  child.kill('SIGKILL')
  await once(child, 'exit')
})

test('a level that changes holds for the log and for the children that it has already', () => {
  let level = 'info'
  const lines: string[] = []
  const log = createLog('test', { level: () => level, destination: { write: (line) => lines.push((JSON.parse(line) as { msg: string }).msg) } })
  const child = log.child({ platform: 'telegram' })
  const speak = () => {
    child.debug('whispered')
    log.info('said')
    child.fatal('shouted')
  }
  speak()
  level = 'debug'
  speak()
  level = 'silent'
  speak()
  expect(lines).toEqual(['said', 'shouted', 'whispered', 'said', 'shouted'])
})

test('a log file has the lines that standard error has, without their secrets', () => {
  const lines: string[] = []
  const file: string[] = []
  createLog('test', { destination: { write: (line) => lines.push(line) }, file: { write: (line) => file.push(line) } }).info({ token: 'x1' }, 'Said.')
  expect(file).toEqual(lines)
  expect(file[0]).toContain('"token":"[redacted]"')
})
