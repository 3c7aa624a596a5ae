import { readFileSync } from 'node:fs'
import { silentLog } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import { expect, test } from 'vitest'
import { parseAgentSettings } from './agent-settings.ts'
import { createAgent } from './create-agent.ts'
import { FAILURES } from './failures.ts'
import { ARRANGEMENTS, COMMANDS } from './models/scripted/commands.ts'
import { parseScript } from './models/scripted/parse-script.ts'
import { ask } from './testing/index.ts'

const page = (name: string) => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8')

/** Rows of the tables of a page, cell by cell, code marks kept. */
const rowsOf = (name: string) =>
  page(name)
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.slice(2, -2).split(' | '))

test('docs/scripted-model.md has every command as the program has it, and no other', () => {
  const documented = rowsOf('scripted-model.md').filter(([syntax]) => syntax?.startsWith('`!'))
  const implemented = [...Object.values(COMMANDS), ...ARRANGEMENTS]
  expect(documented).toEqual(implemented.map(({ syntax, summary }) => [`\`${syntax}\``, summary]))
})

test('every command is written the way it is looked up', () => {
  for (const [name, { syntax }] of Object.entries(COMMANDS)) expect(syntax.split(' ')[0]).toBe(`!${name}`)
})

test('the scripts of the page are scripts without mistakes', () => {
  const scripts = [...page('scripted-model.md').matchAll(/^```\n([^]*?)^```/gm)].map(([, script]) => script!)
  expect(scripts.length).toBeGreaterThan(4)
  for (const script of scripts) expect(parseScript(script)?.mistakes).toEqual([])
})

test('docs/models.md has every failure with its class, and no other', () => {
  const documented = rowsOf('models.md').filter(([, failure]) => /^(retryable|misconfigured|fatal)$/.test(failure ?? ''))
  expect(documented.map(([code, failure]) => [code, failure])).toEqual(FAILURES.map(({ code, failure }) => [`\`${code}\``, failure]))
})

test('docs/models.md has every setting with its default', () => {
  const { timeouts, ...others } = parseAgentSettings({ instructions: 'none' })
  const settings = { ...others, ...Object.fromEntries(Object.entries(timeouts).map(([name, ms]) => [`timeouts.${name}`, ms])) }
  // What holds further settings has none as its default.
  const defaults = Object.entries(settings).map(([name, value]) => [name, typeof value === 'object' ? 'none' : String(value)])
  const documented = rowsOf('models.md').map(([name, , value]) => [name?.replaceAll('`', ''), value?.replaceAll(/[`,]/g, '')])
  expect(documented).toEqual(expect.arrayContaining(defaults))
})

test('the first answer and the page name the same variables', async () => {
  const { text } = await ask(createAgent({ settings: {}, clock: new FakeClock(), log: silentLog }), 'hello')
  const variables = new Set(text.match(/[A-Z]+_[A-Z_]+/g))
  expect(variables.size).toBeGreaterThan(3)
  for (const variable of variables) expect(page('models.md')).toContain(variable)
})
