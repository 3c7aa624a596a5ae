import { afterAll, beforeAll, expect, test } from 'vitest'
import { RepositoryCopy } from './repository-copy.ts'

/** Code that stands where it must not, and the rule and words that refuse it. */
const REFUSED: readonly (readonly [sentence: string, place: string, code: string, rule: string, words: string])[] = [
  [
    'a service imports no database driver',
    'packages/gateway',
    `import Database from 'better-sqlite3'\nexport const x = Database`,
    'no-restricted-imports',
    'Ask a store',
  ],
  ['nor its types', 'packages/gateway', `import type { Kysely } from 'kysely'\nexport type X = Kysely<object>`, 'no-restricted-imports', 'Ask a store'],
  ['nor a part of it', 'packages/gateway', `export { SqliteDriver } from 'kysely/dist/esm/index.js'`, 'no-restricted-imports', 'Ask a store'],
  ['nor late', 'packages/agent', `export const x = () => import('pg')`, 'no-restricted-imports', 'Ask a store'],
  ['nor the one that comes with Node', 'apps/gateway', `export const x = () => import('node:sqlite')`, 'no-restricted-imports', 'Ask a store'],
  [
    'nor by the back door of modules',
    'packages/core',
    `import { createRequire } from 'node:module'\nexport const x = createRequire`,
    'no-restricted-imports',
    'passes by the fences',
  ],
  [
    'nor by that of the process',
    'packages/core',
    `export const x = process.getBuiltinModule('node:sqlite')`,
    'no-restricted-properties',
    'passes by the fences',
  ],
  [
    'tests outside packages/db open no database either',
    'test',
    `import Database from 'better-sqlite3'\nexport const x = Database`,
    'no-restricted-imports',
    'Ask a store',
  ],
  [
    'packages/db streams nothing',
    'packages/db',
    `export const x = (query: { stream(): unknown }) => query.stream()`,
    'no-restricted-properties',
    'page by key',
  ],
  [
    'packages/db iterates nothing',
    'packages/db',
    `export const x = (statement: { iterate(): unknown }) => statement.iterate()`,
    'no-restricted-properties',
    'page by key',
  ],
  ['packages/db touches no file', 'packages/db', `import { rmSync } from 'node:fs'\nexport const x = rmSync`, 'no-restricted-imports', 'belongs in files.ts'],
  ['nor late', 'packages/db', `export const x = () => import('fs/promises')`, 'no-restricted-imports', 'belongs in files.ts'],
  [
    'nor do its engines',
    'packages/db/src/engines',
    `import { statSync } from 'node:fs'\nexport const x = statSync`,
    'no-restricted-imports',
    'belongs in files.ts',
  ],
  ['nothing is exported as default', 'packages/core', `export default 1`, 'no-default-export', 'named export'],
  ['no promise is left alone', 'packages/core', `export function x(work: Promise<void>): void {\n  work.then(() => 1)\n}`, 'no-floating-promises', ''],
  ['nothing is any', 'packages/core', `export const x: any = 1`, 'no-explicit-any', ''],
  ['the environment is read in config.ts', 'packages/core', `export const x = process.env['HOME']`, 'no-restricted-properties', 'apps/*/src/config.ts'],
  [
    'and not in other files of an app',
    'apps/gateway',
    `import { env } from 'node:process'\nexport const x = env`,
    'no-restricted-imports',
    'apps/*/src/config.ts',
  ],
  ['time is asked of the clock', 'packages/gateway', `export const x = Date.now()`, 'no-restricted-properties', 'clock.now()'],
  ['also the monotonic one', 'packages/gateway', `export const x = performance.now()`, 'no-restricted-properties', 'clock.monotonic()'],
  ['one waits by the clock', 'packages/gateway', `setTimeout(() => {}, 1)`, 'no-restricted-globals', 'clock.delay'],
  ['whatever one calls it', 'packages/gateway', `globalThis.setTimeout(() => {}, 1)`, 'no-restricted-globals', 'clock.delay'],
  [
    'or imports it from',
    'packages/db',
    `import { setTimeout } from 'node:timers/promises'\nexport const x = setTimeout`,
    'no-restricted-imports',
    'clock.delay',
  ],
  ['an interval is a loop', 'packages/gateway', `setInterval(() => {}, 1)`, 'no-restricted-globals', 'startLoop'],
  ['no circle of imports', 'packages/core', `import { y } from './planted-circle.ts'\nexport const x: unknown = () => y`, 'no-cycle', ''],
  ['no test runs alone', 'packages/core', `import { expect, test } from 'vitest'\ntest.only('x', () => expect(1).toBe(1))`, 'no-focused-tests', ''],
]

/** The same code where it belongs. */
const ALLOWED: readonly (readonly [sentence: string, file: string, code: string])[] = [
  [
    'packages/db has the drivers',
    'packages/db/src/planted-driver.ts',
    `import Database from 'better-sqlite3'\nimport type { Kysely } from 'kysely'\nexport const x: [typeof Database, Kysely<object>?] = [Database]`,
  ],
  ['files.ts touches files', 'packages/db/src/files.ts', `import { rmSync } from 'node:fs'\nexport const x = rmSync`],
  [
    'so do the tests of packages/db',
    'packages/db/src/planted-files.test.ts',
    `import { rmSync } from 'node:fs'\nimport { expect, test } from 'vitest'\ntest('x', () => expect(rmSync).toBeDefined())`,
  ],
  ['config.ts reads the environment', 'apps/gateway/src/config.ts', `export const x = process.env['HOME']`],
  [
    'a test waits in real time',
    'packages/core/src/planted-wait.test.ts',
    `import { setTimeout } from 'node:timers/promises'\nimport { expect, test } from 'vitest'\ntest('x', async () => expect(await setTimeout(1, Date.now())).toBeGreaterThan(0))`,
  ],
  ['testing may have any', 'packages/core/src/testing/planted-any.ts', `export const x: any = 1`],
  ['platforms load late', 'packages/gateway/src/planted-late.ts', `export const x = () => import('zod')`],
  ['a config of a tool is exported as default', 'planted.config.ts', `export default {}`],
]

interface Diagnostic {
  readonly code: string
  readonly filename: string
  readonly message: string
  readonly help?: string
}

let diagnostics: readonly Diagnostic[]
let copy: RepositoryCopy

/** Each planted file has a name of its own, so that one run of the linter judges all. */
const fileOf = (place: string, index: number, code: string) =>
  `${place}${place.includes('/src/') ? '' : '/src'}/planted-${index}${code.includes('vitest') ? '.test' : ''}.ts`

beforeAll(async () => {
  copy = new RepositoryCopy()
  for (const [index, [, place, code]] of REFUSED.entries()) copy.plant(fileOf(place, index, code), code)
  for (const [, file, code] of ALLOWED) copy.plant(file, code)
  const circle = REFUSED.findIndex(([, , , rule]) => rule === 'no-cycle')
  copy.plant('packages/core/src/planted-circle.ts', `import { x } from './planted-${circle}.ts'\nexport const y: unknown = () => x`)
  const planted = [...REFUSED.map(([, place, code], index) => fileOf(place, index, code)), ...ALLOWED.map(([, file]) => file)]
  const { stdout } = await copy.run('oxlint', '--format', 'json', ...planted)
  diagnostics = (JSON.parse(stdout) as { diagnostics: Diagnostic[] }).diagnostics
}, 180_000) // it loads the types of every package, on a machine that has other tests to run

afterAll(() => copy[Symbol.dispose]())

test.each(REFUSED.map((row, index) => [...row, index] as const))('%s (%s)', (_sentence, place, code, rule, words, index) => {
  const found = diagnostics.filter(({ filename }) => filename === fileOf(place, index, code))
  expect(found.map((diagnostic) => diagnostic.code)).toEqual([expect.stringContaining(`(${rule})`)])
  expect(found.map(({ message, help }) => `${message} ${help}`)).toEqual([expect.stringContaining(words)])
})

test.each(ALLOWED)('%s (%s)', (_sentence, file) => {
  expect(diagnostics.filter(({ filename }) => filename === file)).toEqual([])
})
