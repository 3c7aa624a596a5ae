import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  exports: Record<string, string>
  dependencies: Record<string, string>
}

/** Which of our dependencies an entry point loads by itself, and how many descriptors it leaves open. Ends by itself, or the call does not return. */
function load(entry: string) {
  const code = `
    import { registerHooks } from 'node:module'
    import { readdirSync } from 'node:fs'
    const libraries = new Set()
    registerHooks({
      resolve(name, context, next) {
        // What a library loads in turn is its own affair.
        if (context.parentURL?.includes('/packages/core/src/')) libraries.add(name.split('/', name.startsWith('@') ? 2 : 1).join('/'))
        return next(name, context)
      },
    })
    const open = () => readdirSync('/proc/self/fd').length
    await import('node:http')
    const before = open()
    await import(${JSON.stringify(new URL(entry, import.meta.url).href)})
    console.log(JSON.stringify({ libraries: [...libraries], left: Math.max(0, open() - before) }))`
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', code]).toString()
  const { libraries, ...rest } = JSON.parse(said) as { libraries: string[]; left: number }
  return { libraries: libraries.filter((name) => name in manifest.dependencies).toSorted(), ...rest }
}

test.runIf(process.platform === 'linux').each([
  ['.', ['pino']],
  ['./config', ['zod']],
  ['./contracts', ['zod']],
  ['./http', ['@hono/node-server', 'hono', 'zod']],
  ['./metrics', ['prom-client']],
  ['./openapi', ['hono-openapi']],
  ['./schedule', ['croner', 'cronstrue']],
  ['./testing', []],
])('%s loads %j and no other library, and does no IO', (entry, libraries) => {
  expect(load(`../${manifest.exports[entry]}`)).toEqual({ libraries, left: 0 })
})

test('no entry point is missing above', () => {
  expect(Object.keys(manifest.exports)).toEqual(['.', './config', './contracts', './http', './metrics', './openapi', './schedule', './testing'])
})
