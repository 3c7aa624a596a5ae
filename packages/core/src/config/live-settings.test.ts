import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LiveSettings } from './live-settings.ts'
import { defineSettings } from './setting.ts'
import { list, port, text } from './value-schemas.ts'

const TABLE = defineSettings({
  port: { env: 'PORT', file: 'x.port', schema: port(), fallback: 80, help: 'x' },
  level: { env: 'LEVEL', file: 'x.level', schema: text(), fallback: 'info', help: 'x', applies: 'at_once' },
  users: { env: 'USERS', file: 'x.users', schema: list(text()), fallback: [], help: 'x', applies: 'at_once' },
  token: { env: 'TOKEN', schema: text().optional(), help: 'x', secret: true, applies: 'by_reconnecting' },
})

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'talaria-live-'))
})
afterEach(() => rmSync(home, { recursive: true }))
const write = (name: string, words: string) => writeFileSync(join(home, name), words)
const load = (env: Record<string, string> = {}) => LiveSettings.load(TABLE, { env, home })

test('what changes is in force when it is applied, not before, and for everybody who has the values', async () => {
  const live = await load()
  const { values } = live
  write('.env', 'TOKEN=secret\nLEVEL=debug\nUSERS=1,2\n')
  const change = await live.read()
  expect(change).toMatchObject({ changed: ['level', 'users', 'token'], waiting: [], next: { level: 'debug', token: 'secret' } })
  expect(values).toMatchObject({ level: 'info', users: [] })
  live.apply(change)
  expect(values).toEqual({ port: 80, level: 'debug', users: ['1', '2'], token: 'secret' })
  expect(await live.read()).toMatchObject({ changed: [], waiting: [] })
})

test('what needs a restart keeps its value, and is named until that comes', async () => {
  const live = await load()
  write('config.yaml', 'x:\n  port: 90\n  level: warn\n')
  for (let times = 0; times < 2; times++) {
    const change = await live.read()
    expect(change.waiting).toEqual(['port'])
    live.apply(change)
    expect(live.values).toMatchObject({ port: 80, level: 'warn' })
  }
  write('config.yaml', 'x:\n  port: 80\n')
  expect(await live.read()).toMatchObject({ changed: ['level'], waiting: [] })
})

test('a setting that is removed has its fallback again, and one that the environment has cannot be changed by a file', async () => {
  write('.env', 'LEVEL=debug\nTOKEN=a\n')
  const live = await load({ USERS: 'me' })
  write('.env', 'USERS=somebody\n')
  const change = await live.read()
  expect(change.changed).toEqual(['level', 'token'])
  live.apply(change)
  expect(live.values).toEqual({ port: 80, level: 'info', users: ['me'], token: undefined })
})

test('files that are wrong change nothing, and every problem is named', async () => {
  const live = await load()
  write('.env', 'LEVEL=debug\nPORT=many\n')
  write('config.yaml', 'x:\n  prot: 1\n')
  await expect(live.read()).rejects.toMatchObject({ code: 'INVALID_CONFIG', problems: [{ name: 'x.prot' }, { name: 'PORT' }] })
  expect(live.values).toEqual({ port: 80, level: 'info', users: [], token: undefined })
})
