import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { talariaVersion } from './version.ts'

test('the version is that of the root package.json', () => {
  const root = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
  expect(talariaVersion()).toBe(root.version)
})

test('manifests of packages on the way to the root do not count, and without a root the version is unknown', async () => {
  const tree = mkdtempSync(join(tmpdir(), 'talaria-version-'))
  const install = async (name: string, rootManifest: string) => {
    const folder = join(tree, name, 'packages/core/src')
    mkdirSync(folder, { recursive: true })
    cpSync(new URL('./version.ts', import.meta.url), join(folder, 'version.ts'))
    writeFileSync(join(tree, name, 'packages/core/package.json'), '{ "name": "@talaria/core", "version": "0.0.1" }')
    writeFileSync(join(tree, name, 'package.json'), rootManifest)
    return ((await import(join(folder, 'version.ts'))) as { talariaVersion: () => string }).talariaVersion()
  }
  expect(await install('whole', '{ "name": "talaria", "version": "9.8.7" }')).toBe('9.8.7')
  expect(await install('part', '{ "name": "something-else", "version": "9.8.7" }')).toBe('unknown')
  rmSync(tree, { recursive: true })
})
