import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const REPOSITORY = join(import.meta.dirname, '../../..')
const LONGEST = 400
const MEDIAN = 80
const EMPTY_NAMES = /^(utils?|helpers?|common|shared|types|misc|managers?|.*-(utils?|helpers?|manager|types))$/

const folders = globSync(['{apps,packages}/*', 'bench', 'scripts', 'test'], { cwd: REPOSITORY })
const sources = globSync(
  folders.map((folder) => `${folder}/**/*.{ts,tsx,mjs}`),
  { cwd: REPOSITORY, exclude: (name) => /(^|\/)(node_modules|dist)(\/|$)/.test(name) },
)
const product = sources.filter((file) => !/\.test\.ts$|\/migrations\/|\/generated\//.test(file))
const linesOf = (file: string) => readFileSync(join(REPOSITORY, file), 'utf8').trimEnd().split('\n').length

test('there are files to look at', () => {
  expect(product.length).toBeGreaterThan(50)
})

test(`no file has more than ${LONGEST} lines`, () => {
  expect(product.filter((file) => linesOf(file) > LONGEST)).toEqual([])
})

test.each(folders)(`half of the files of %s have at most ${MEDIAN} lines`, (folder) => {
  const lengths = product
    .filter((file) => file.startsWith(`${folder}/`))
    .map(linesOf)
    .toSorted((one, other) => one - other)
  expect(lengths[Math.floor(lengths.length / 2)] ?? 0).toBeLessThanOrEqual(MEDIAN)
})

test('no file or folder has a name that says nothing', () => {
  const names = sources.flatMap((file) => file.split('/').map((name) => name.replace(/\..*$/, '')))
  expect(names.filter((name) => EMPTY_NAMES.test(name))).toEqual([])
})

test('an index is the entry of a package, and nothing else', () => {
  const entries = folders.flatMap((folder) => {
    const { exports = {} } = JSON.parse(readFileSync(join(REPOSITORY, folder, 'package.json'), 'utf8')) as { exports?: Record<string, string> }
    return Object.values(exports).map((entry) => join(folder, entry))
  })
  expect(sources.filter((file) => basename(file).startsWith('index.') && !entries.includes(file))).toEqual([])
})

test.each(folders)('%s speaks the same words as every package', (folder) => {
  const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, folder, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  const root = folder.includes('/') ? '../..' : '..'
  expect(scripts).toEqual({
    check: `node ${root}/scripts/check.ts ${folder}`,
    types: 'tsc -p .',
    lint: 'oxlint',
    format: 'oxfmt',
    test: `node ${root}/scripts/check.ts tests ${folder}`,
    ...(dirname(folder) === 'apps' && { build: `node ../../scripts/build.ts ${basename(folder)}` }),
  })
})

test('every dependency has one exact version, from the catalog or its package.json', () => {
  const loose = ['.', ...folders].flatMap((folder) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(join(REPOSITORY, folder, 'package.json'), 'utf8')) as Record<
      string,
      Record<string, string> | undefined
    >
    return Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^(catalog:|workspace:\*|\d+\.\d+\.\d+)$/.test(version))
  })
  expect(loose).toEqual([])
})
