import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureSecrets } from './ensure-secrets.ts'
import { judgeSecret } from './secret.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'talaria-secrets-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const envFile = () => join(home, '.env')

test('an empty home gets a private file with a good secret for each name, and nothing else is left beside it', async () => {
  const inside = join(home, 'new')
  const secrets = await ensureSecrets(inside, ['API_SERVER_KEY', 'WEBUI_TOKEN'])
  expect(Object.values(secrets).map(judgeSecret)).toEqual(['ok', 'ok'])
  expect(secrets.API_SERVER_KEY).not.toBe(secrets.WEBUI_TOKEN)
  expect(statSync(join(inside, '.env')).mode & 0o777).toBe(0o600)
  expect(statSync(inside).mode & 0o777).toBe(0o700)
  expect(readdirSync(inside)).toEqual(['.env'])
})

test('values that are there stay, and so do comments, order and other lines; an empty value is filled in its place', async () => {
  const before = '# mine\nAPI_SERVER_KEY=abc\n\nexport WEBUI_TOKEN=""\n#KANBAN_KEY=old\nOTHER="two\nlines"'
  writeFileSync(envFile(), before, { mode: 0o644 })
  const secrets = await ensureSecrets(home, ['API_SERVER_KEY', 'WEBUI_TOKEN', 'KANBAN_KEY'])
  expect(secrets.API_SERVER_KEY).toBe('abc')
  expect(readFileSync(envFile(), 'utf8')).toBe(
    `${before.replace('export WEBUI_TOKEN=""', `WEBUI_TOKEN=${secrets.WEBUI_TOKEN}`)}\nKANBAN_KEY=${secrets.KANBAN_KEY}\n`,
  )
  expect(statSync(envFile()).mode & 0o777).toBe(0o600)
})

test('a second call changes nothing', async () => {
  const first = await ensureSecrets(home, ['API_SERVER_KEY'])
  const { ino } = statSync(envFile())
  expect(await ensureSecrets(home, ['API_SERVER_KEY'])).toEqual(first)
  expect(statSync(envFile()).ino).toBe(ino)
})

test('a link to a file elsewhere stays a link', async () => {
  const elsewhere = join(home, 'elsewhere')
  writeFileSync(elsewhere, 'A=1\n')
  symlinkSync(elsewhere, envFile())
  await ensureSecrets(home, ['API_SERVER_KEY'])
  expect(readFileSync(elsewhere, 'utf8')).toMatch(/^A=1\nAPI_SERVER_KEY=.{43}\n$/)
})

test('the lock of a process that died is broken', async () => {
  const lock = `${envFile()}.lock`
  writeFileSync(lock, '1')
  utimesSync(lock, new Date(0), new Date(0))
  await ensureSecrets(home, ['API_SERVER_KEY'])
  expect(readdirSync(home)).toEqual(['.env'])
})

test('processes that start together end with the same values, also when they need different ones', async () => {
  const module = JSON.stringify(new URL('./ensure-secrets.ts', import.meta.url).href)
  const start = async (names: string[]) => {
    // They wait for one moment, or the first is done before the last has loaded.
    const code = `const { ensureSecrets } = await import(${module}); process.stdout.write('ready\\n'); await new Promise((go) => process.stdin.once('data', go)); console.log(JSON.stringify(await ensureSecrets(${JSON.stringify(home)}, ${JSON.stringify(names)}))); process.exit()`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'pipe', 'inherit'] })
    const output = text(child.stdout)
    await once(child.stdout, 'readable')
    return { go: () => child.stdin.end('go'), secrets: async () => JSON.parse((await output).split('\n')[1] ?? '') as Record<string, string> }
  }
  const children = await Promise.all([['A', 'B'], ['B', 'A'], ['B', 'C'], ['C'], ['D', 'A'], ['A', 'B', 'C', 'D']].map(start))
  for (const child of children) child.go()
  const seen = await Promise.all(children.map((child) => child.secrets()))
  const values = await ensureSecrets(home, ['A', 'B', 'C', 'D'])
  for (const secrets of seen) expect(values).toMatchObject(secrets)
  expect(new Set(Object.values(values)).size).toBe(4)
})
