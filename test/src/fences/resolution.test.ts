import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const REPOSITORY = join(import.meta.dirname, '../../..')

/** Which of these packages a module in this folder finds: what pnpm put in its reach, and nothing else. */
function foundFrom(folder: string, names: readonly string[]): readonly string[] {
  const code = `
    const finds = (name) => { try { return Boolean(import.meta.resolve(name)) } catch { return false } }
    console.log(JSON.stringify(${JSON.stringify(names)}.filter(finds)))`
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: join(REPOSITORY, folder), encoding: 'utf8' })) as string[]
}

const DRIVERS = ['better-sqlite3', 'kysely', 'pg']

test('packages/db finds the database drivers', () => {
  expect(foundFrom('packages/db', ['better-sqlite3', 'kysely'])).toEqual(['better-sqlite3', 'kysely'])
})

test.each(['.', 'apps/cli', 'apps/gateway', 'bench', 'packages/agent', 'packages/core', 'packages/gateway', 'scripts', 'test'])(
  '%s finds none of them',
  (folder) => {
    expect(foundFrom(folder, DRIVERS)).toEqual([])
  },
)

test.each([
  ['packages/core', ['@talaria/core']],
  ['packages/db', ['@talaria/core', '@talaria/db']],
  ['packages/agent', ['@talaria/core', '@talaria/agent']],
])('%s finds of ours itself and what is below it', (folder, below) => {
  expect(foundFrom(folder, ['@talaria/core', '@talaria/db', '@talaria/agent', '@talaria/gateway'])).toEqual(below)
})
