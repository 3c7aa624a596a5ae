import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { bundleApp } from './bundle-app.ts'

const REPOSITORY = dirname(dirname(import.meta.dirname))

function emptyFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'talaria-bundle-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A repository with one app of these files, which has the packages of `packages/db`. */
function repositoryWith(files: Readonly<Record<string, string>>): string {
  const root = emptyFolder()
  mkdirSync(join(root, 'apps/demo/src'), { recursive: true })
  mkdirSync(join(root, 'packages'))
  symlinkSync(join(REPOSITORY, 'packages/db'), join(root, 'packages/db'))
  symlinkSync(join(REPOSITORY, 'packages/db/node_modules'), join(root, 'apps/demo/node_modules'))
  writeFileSync(join(root, 'package.json'), '{ "name": "talaria", "version": "1.2.3", "license": "MIT" }')
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'apps/demo/src', name), text)
  return root
}

/** Copies a bundle to an empty folder, removes where it came from, and runs one of its entries. */
function runElsewhere(root: string, folder: string, entry = 'main.mjs'): string {
  const elsewhere = emptyFolder()
  cpSync(folder, elsewhere, { recursive: true })
  rmSync(root, { recursive: true })
  return execFileSync(process.execPath, [join(elsewhere, entry)], { cwd: '/', encoding: 'utf8' })
}

test('a bundle with a native module runs from any folder, and knows its version', async () => {
  const root = repositoryWith({
    'main.ts': `import Database from 'better-sqlite3'
      import { z } from 'zod'
      declare const TALARIA_VERSION: string
      console.log(TALARIA_VERSION, new Database(':memory:').prepare('select 40 + 2').pluck().get(), z.string().parse('words'))`,
  })
  const { folder, entries, nativePackages } = await bundleApp(root, 'demo')
  expect({ entries, nativePackages }).toEqual({ entries: ['main.mjs'], nativePackages: ['better-sqlite3'] })
  expect(runElsewhere(root, folder)).toBe('1.2.3 42 words\n')
})

test('a module named by its URL runs as a child process, a file named so is there', async () => {
  const root = repositoryWith({
    'main.ts': `import { execFileSync } from 'node:child_process'
      import { readFileSync } from 'node:fs'
      import { fileURLToPath } from 'node:url'
      const child = execFileSync(process.execPath, [fileURLToPath(new URL('./check.ts', import.meta.url))], { encoding: 'utf8' })
      console.log(child.trim(), readFileSync(new URL('./page.html', import.meta.url), 'utf8'))`,
    'check.ts': `const word: string = 'checked'\nconsole.log(word)`,
    'page.html': '<p>page</p>',
  })
  const { folder, entries } = await bundleApp(root, 'demo')
  expect(entries.toSorted()).toEqual(['check.mjs', 'main.mjs'])
  expect(runElsewhere(root, folder)).toBe('checked <p>page</p>\n')
})

test('a URL of a file that does not exist fails the build', async () => {
  const root = repositoryWith({ 'main.ts': `export const page = new URL('./missing.html', import.meta.url)` })
  await expect(bundleApp(root, 'demo')).rejects.toThrow('missing.html, which does not exist')
})

test('a URL of a file that only runs tell fails the build', async () => {
  const root = repositoryWith({ 'main.ts': `export const page = (name: string) => new URL(name, import.meta.url)` })
  await expect(bundleApp(root, 'demo')).rejects.toThrow(`Write new URL('./name', import.meta.url)`)
})

test('every main of an app is an entry', async () => {
  const root = repositoryWith({ 'main.ts': `console.log('main')`, 'worker-main.ts': `console.log('worker')` })
  const { folder } = await bundleApp(root, 'demo')
  expect(runElsewhere(root, folder, 'worker-main.mjs')).toBe('worker\n')
})

test('a second start loads compiled code', async () => {
  const root = repositoryWith({ 'main.ts': `console.log('started')` })
  const { folder } = await bundleApp(root, 'demo')
  execFileSync(process.execPath, [join(folder, 'main.mjs')])
  expect(existsSync(join(folder, '.compile-cache'))).toBe(true)
})

test('the licences of what was bundled come with it', async () => {
  const root = repositoryWith({ 'main.ts': `import { z } from 'zod'\nconsole.log(z)` })
  const { folder } = await bundleApp(root, 'demo')
  expect(readFileSync(join(folder, 'THIRD-PARTY-NOTICES.txt'), 'utf8')).toMatch(/^zod \d+\.\d+\.\d+ \(MIT\)\n\nMIT License/m)
})

test('an app without a main is refused', async () => {
  await expect(bundleApp(repositoryWith({}), 'demo')).rejects.toThrow('apps/demo has no src/main.ts')
})
