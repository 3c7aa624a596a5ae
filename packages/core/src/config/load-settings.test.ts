import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { createLog } from '../log.ts'
import { ConfigError } from './config-error.ts'
import { loadSettings } from './load-settings.ts'
import { defineSettings } from './setting.ts'
import { duration, flag, list, port, text } from './value-schemas.ts'

const TABLE = defineSettings({
  host: { env: 'API_SERVER_HOST', file: 'gateway.api_server.host', schema: text(), fallback: '127.0.0.1', help: 'x' },
  port: { env: 'API_SERVER_PORT', file: 'gateway.api_server.port', schema: port(), fallback: 8642, help: 'x' },
  enabled: { env: 'API_SERVER_ENABLED', file: 'gateway.api_server.enabled', schema: flag().optional(), help: 'x' },
  key: { env: 'API_SERVER_KEY', schema: text().optional(), help: 'x', secret: true },
  keep: { env: 'RESPONSES_KEEP', file: 'gateway.retention.responses', schema: duration(), fallback: 2_592_000_000, help: 'x' },
  origins: { env: 'CORS_ORIGINS', file: 'gateway.cors.origins', schema: list(text()), fallback: [], help: 'x' },
  aliases: { env: 'MODEL_ALIASES', file: 'models.aliases', schema: z.record(z.string(), z.string()).optional(), help: 'x' },
})

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'talaria-config-'))
})
afterEach(() => {
  chmodSync(home, 0o700)
  rmSync(home, { recursive: true, force: true })
})

const write = (name: '.env' | 'config.yaml', content: string) => writeFileSync(join(home, name), content)
const load = (env: Record<string, string> = {}) => loadSettings(TABLE, { env, home })

async function complaintOf(loading: Promise<unknown>): Promise<string> {
  const error: unknown = await loading.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ConfigError)
  expect(error).toMatchObject({ code: 'INVALID_CONFIG' })
  return (error as ConfigError).message.replaceAll(home, '~')
}

test('a home that does not exist gives the fallbacks, and nothing for what is optional', async () => {
  const settings = await loadSettings(TABLE, { env: {}, home: join(home, 'none') })
  expect(settings).toEqual({ host: '127.0.0.1', port: 8642, enabled: undefined, key: undefined, keep: 2_592_000_000, origins: [], aliases: undefined })
  expectTypeOf(settings.port).toEqualTypeOf<number>()
  expectTypeOf(settings.enabled).toEqualTypeOf<boolean | undefined>()
  expectTypeOf(settings.origins).toEqualTypeOf<readonly string[]>()
})

test('a fallback of another type than its schema does not compile', () => {
  // @ts-expect-error the schema gives a number
  expect(defineSettings({ port: { env: 'PORT', schema: port(), fallback: 'eighty', help: 'x' } })).toBeDefined()
})

test('the environment wins over .env, that over config.yaml, that over the fallback', async () => {
  write('config.yaml', 'gateway:\n  api_server: { host: from-file, port: 3, enabled: no }\n  retention: { responses: 7d }\n')
  write('.env', 'API_SERVER_HOST=from-dotenv\nAPI_SERVER_PORT=2\n')
  expect(await load({ API_SERVER_PORT: '1' })).toMatchObject({ port: 1, host: 'from-dotenv', keep: 604_800_000, enabled: false, origins: [] })
})

test('an empty variable counts as not set', async () => {
  write('.env', 'API_SERVER_HOST=from-dotenv\nAPI_SERVER_PORT=\n')
  write('config.yaml', 'gateway:\n  api_server:\n    port: 3\n    enabled:\n')
  expect(await load({ API_SERVER_HOST: '', API_SERVER_PORT: ' ' })).toMatchObject({ host: 'from-dotenv', port: 3, enabled: undefined })
})

test('YAML may give sequences, sections and anchors where a setting takes them', async () => {
  write('config.yaml', 'models:\n  aliases: &names { fast: small-1, best: large-1 }\ngateway:\n  cors:\n    origins: [https://a.example, https://b.example]\n')
  expect(await load()).toMatchObject({ origins: ['https://a.example', 'https://b.example'], aliases: { fast: 'small-1', best: 'large-1' } })
  expect(await load({ CORS_ORIGINS: 'https://c.example, https://d.example' })).toMatchObject({ origins: ['https://c.example', 'https://d.example'] })
})

test('every problem is told at once: what, where, what was expected, what to do; never the value of a secret', async () => {
  write('.env', 'RESPONSES_KEEP=30\nAPI_SERVER_KEY=hunter2hunter2\nnonsense hunter2hunter2\n')
  write('config.yaml', '# mine\ngateway:\n  api_server:\n    prot: 80\n    enabled: perhaps\n  retention: 7d\n  colour: red\n')
  const table = { ...TABLE, key: { ...TABLE.key, schema: z.string().max(3) }, token: { env: 'WEBUI_TOKEN', schema: text(), help: 'x', secret: true } }
  const complaint = await complaintOf(loadSettings(table, { env: { API_SERVER_PORT: 'eighty' }, home }))
  expect(complaint.split('\n')).toEqual([
    '9 settings are wrong:',
    '  .env (~/.env, line 3) is not of the form NAME=value.',
    '    Correct the line, or begin it with # to have it ignored.',
    '  gateway.api_server.prot (~/config.yaml, line 4) is not a setting.',
    '    Did you mean gateway.api_server.port? Else remove it.',
    '  gateway.retention (~/config.yaml, line 6) is a section, and has a value here.',
    '    Indent what belongs into it below it, such as gateway.retention.responses.',
    '  gateway.colour (~/config.yaml, line 7) is not a setting.',
    '    Remove it.',
    '  API_SERVER_PORT (from the environment) is "eighty"; expected a port number from 0 to 65535.',
    '    Correct it, or remove it to use 8642.',
    '  API_SERVER_ENABLED (gateway.api_server.enabled in ~/config.yaml, line 5) is "perhaps"; expected true or false (also 1/0, yes/no, on/off).',
    '    Correct it.',
    expect.stringMatching(/^ {2}API_SERVER_KEY \(~\/\.env, line 2\) has a value \(not shown\) that does not fit; expected otherwise \(.*<=3 characters.*\)\.$/),
    '    Correct it.',
    '  RESPONSES_KEEP (~/.env, line 1) is "30"; expected a duration with its unit, such as 30s, 10m or 30d.',
    '    Correct it, or remove it to use 30d.',
    '  WEBUI_TOKEN (not set) is required; expected a text.',
    '    Set it in the environment or in ~/.env.',
  ])
  expect(complaint).not.toContain('hunter2')
})

test('sections of other services are left to them, and one that looks misspelt is mentioned', async () => {
  write('config.yaml', 'webui:\n  anything: goes\ngatway:\n  api_server: { port: 1 }\n')
  const lines: string[] = []
  const log = createLog('test', { destination: { write: (line) => lines.push(line) } })
  expect(await loadSettings(TABLE, { env: {}, home, log })).toMatchObject({ port: 8642 })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain("Did you mean 'gateway'?")
})

test('a section that the table does not name can be owned, so that a typing error in it is found', async () => {
  write('config.yaml', 'kanban:\n  wrokers: 4\n')
  expect(await load()).toMatchObject({ port: 8642 })
  expect(await complaintOf(loadSettings(TABLE, { env: {}, home, sections: ['gateway', 'kanban'] }))).toContain(
    'kanban (~/config.yaml, line 1) is not a setting',
  )
})

test.each([
  ['gateway:\n  api_server: [1,\nb: 2\n', 'line 3'],
  ['gateway: 1\ngateway: 2\n', 'line 2) is not valid YAML: Map keys must be unique'],
  ['- gateway\n', 'must be made of sections'],
  ['gateway: &self\n  api_server: *self\n', 'gateway.api_server.api_server (~/config.yaml, line 2) is not a setting'],
  ['\ngateway: *nobody\n', 'line 2) is not valid YAML: There is no anchor for *nobody'],
  [
    `a: &a [${'x,'.repeat(9)}]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nmodels:\n  aliases: [${'*c,'.repeat(9)}]\n`,
    'is not valid YAML: Excessive alias count',
  ],
])('a broken config.yaml is told by line, without what stands there: %j', async (content, expected) => {
  write('config.yaml', content.replace('[1,', '[sk-secret,'))
  const complaint = await complaintOf(load())
  expect(complaint).toContain(expected)
  expect(complaint).not.toContain('sk-secret')
})

test('what a broken config.yaml may well set is not reported as missing on top of that', async () => {
  write('config.yaml', 'gateway: [\n')
  const table = { ...TABLE, host: { env: 'API_SERVER_HOST', file: 'gateway.api_server.host', schema: text(), help: 'x' } }
  expect(await complaintOf(loadSettings(table, { env: {}, home }))).not.toContain('API_SERVER_HOST')
  rmSync(join(home, 'config.yaml'))
  expect(await complaintOf(loadSettings(table, { env: {}, home }))).toContain('or as gateway.api_server.host in ~/config.yaml')
})

test('a file that cannot be read is a problem, not a missing file', async () => {
  mkdirSync(join(home, 'config.yaml'))
  mkdirSync(join(home, '.env'))
  const complaint = await complaintOf(load())
  expect(complaint).toContain('~/config.yaml (the file) cannot be read: EISDIR')
  expect(complaint).toContain('~/.env (the file) cannot be read: EISDIR')
})

test('without a config.yaml no YAML parser is loaded', () => {
  const code = `
    import { registerHooks } from 'node:module'
    registerHooks({ resolve(name, context, next) { if (name === 'yaml') throw new Error('loaded yaml'); return next(name, context) } })
    const { loadSettings } = await import(${JSON.stringify(new URL('./load-settings.ts', import.meta.url).href)})
    await loadSettings({}, { env: {}, home: ${JSON.stringify(home)} })`
  execFileSync(process.execPath, ['--input-type=module', '-e', code], { stdio: 'pipe' })
})
