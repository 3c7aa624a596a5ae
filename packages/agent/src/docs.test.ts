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
  const implemented = [...Object.values(COMMANDS), ...Object.values(ARRANGEMENTS)]
  expect(documented).toEqual(implemented.map(({ syntax, summary }) => [`\`${syntax}\``, summary]))
})

test('every command is written the way it is looked up', () => {
  for (const [name, { syntax }] of Object.entries({ ...COMMANDS, ...ARRANGEMENTS })) expect(syntax.split(' ')[0]).toBe(`!${name}`)
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
  const { timeouts, ...settings } = parseAgentSettings({})
  const names = [...Object.keys({ ...settings, instructions: undefined }).filter((name) => name !== 'timeouts'), ...Object.keys(timeouts).map((name) => `timeouts.${name}`)]
  const documented = new Map(rowsOf('models.md').map(([name, value]) => [name?.replaceAll('`', ''), value?.replaceAll(/[`,]/g, '')]))
  for (const name of names) expect([...documented.keys()]).toContain(name)
  for (const [name, value] of Object.entries({ ...settings, ...Object.fromEntries(Object.entries(timeouts).map(([key, ms]) => [`timeouts.${key}`, ms])) })) {
    if (typeof value !== 'object') expect(documented.get(name)).toBe(String(value))
  }
})

test('the first answer and the page name the same variables', async () => {
  const { text } = await ask(createAgent({ settings: {}, clock: new FakeClock(), log: silentLog }), 'hello')
  const variables = new Set(text.match(/[A-Z]+_[A-Z_]+/g))
  expect(variables.size).toBeGreaterThan(3)
  for (const variable of variables) expect(page('models.md')).toContain(variable)
})
