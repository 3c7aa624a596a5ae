import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RepositoryCopy } from './repository-copy.ts'

let copy: RepositoryCopy
beforeEach(() => {
  copy = new RepositoryCopy()
})
afterEach(() => copy[Symbol.dispose]())

const boundaries = async () => (await copy.run('turbo', 'boundaries', '--no-color')).output

/** Makes one package depend on another, as one does by hand in its package.json, and use it. */
function depend(folder: string, name: string): void {
  const manifest = JSON.parse(readFileSync(join(copy.root, folder, 'package.json'), 'utf8')) as { dependencies?: Record<string, string> }
  copy.plant(`${folder}/package.json`, JSON.stringify({ ...manifest, dependencies: { ...manifest.dependencies, [name]: 'workspace:*' } }))
  copy.plant(`${folder}/src/planted.ts`, `export * from '${name}'`)
}

/** A second service, as `packages/gateway` is one. */
function plantService(name: string): void {
  copy.plant(
    `packages/${name}/package.json`,
    JSON.stringify({ name: `@talaria/${name}`, version: '0.1.0', private: true, type: 'module', exports: './src/index.ts' }),
  )
  copy.plant(`packages/${name}/turbo.json`, readFileSync(join(copy.root, 'packages/gateway/turbo.json'), 'utf8'))
  copy.plant(`packages/${name}/src/index.ts`, 'export const x = 1')
}

test('the repository as it is keeps its boundaries', async () => {
  expect(await boundaries()).toContain('no issues found')
})

test.each([
  ['packages/core', '@talaria/db'],
  ['packages/core', '@talaria/agent'],
  ['packages/agent', '@talaria/db'],
  ['packages/db', '@talaria/agent'],
  ['packages/db', '@talaria/gateway'],
  ['bench', '@talaria/cli'],
])('%s does not depend on %s', async (folder, name) => {
  depend(folder, name)
  const dependent = (JSON.parse(readFileSync(join(copy.root, folder, 'package.json'), 'utf8')) as { name: string }).name
  expect((await boundaries()).replaceAll(/\s+\|?\s*/g, ' ')).toContain(`Package \`${name}\` found without any tag listed in allowlist for \`${dependent}\``)
})

test('services do not depend on each other', async () => {
  plantService('planted')
  depend('packages/gateway', '@talaria/planted')
  expect((await boundaries()).replaceAll(/\s+\|?\s*/g, ' ')).toContain(
    'Package `@talaria/planted` found without any tag listed in allowlist for `@talaria/gateway`',
  )
})

test('an app depends on any of them', async () => {
  plantService('planted')
  depend('apps/gateway', '@talaria/planted')
  expect(await boundaries()).toContain('no issues found')
})

test('a package that is not declared is not imported', async () => {
  copy.plant('packages/agent/src/planted.ts', `export const x = () => import('@talaria/db')`)
  expect(await boundaries()).toContain('cannot import package `@talaria/db` because it is not a dependency')
})

test('no file is imported across packages', async () => {
  copy.plant('packages/agent/src/planted.ts', `export * from '../../db/src/errors.ts'`)
  expect(await boundaries()).toContain('import `../../db/src/errors.ts` leaves the package')
})

test('every package has the tag that its place gives it', () => {
  const tagOf = (folder: string) => {
    if (folder.startsWith('apps/')) return 'app'
    if (!folder.startsWith('packages/')) return 'tooling'
    const name = folder.slice('packages/'.length)
    return ['core', 'db', 'agent'].includes(name) ? name : 'service'
  }
  for (const manifest of globSync(['{apps,packages}/*/package.json', '{bench,scripts,test}/package.json'], { cwd: copy.root })) {
    const folder = dirname(manifest)
    const { tags } = JSON.parse(readFileSync(join(copy.root, folder, 'turbo.json'), 'utf8')) as { tags: readonly string[] }
    expect([folder, ...tags]).toEqual([folder, tagOf(folder)])
  }
})
