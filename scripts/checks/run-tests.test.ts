import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runTests } from './run-tests.ts'

const REPOSITORY = dirname(dirname(import.meta.dirname))

/** A repository whose only package, `test`, has these test files; vitest is that of this one. */
function repositoryWith(files: Readonly<Record<string, string>>): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'talaria-tests-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  mkdirSync(join(root, 'test'))
  symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'))
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  const reporter = JSON.stringify(join(REPOSITORY, 'scripts/checks/outcome-reporter.ts'))
  writeFileSync(
    join(root, 'vitest.config.ts'),
    `import { OutcomeReporter } from ${reporter}
     const test = { name: 'test', root: 'test' }
     export default { test: { projects: [{ extends: true, test }], pool: 'forks', reporters: [new OutcomeReporter(process.env.TALARIA_TEST_OUTCOME)] } }`,
  )
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'test', name), `import { expect, test } from 'vitest'\n${text}`)
  return root
}

test('tests are counted, and figures are found with the test that measured them', async () => {
  const root = repositoryWith({
    'a.test.ts': `test('right', () => console.log('figure: 3 commits/s'))\ntest('wrong', () => expect(1).toBe(2))\ntest.skip('left out', () => {})`,
  })
  expect(await runTests([], { root, deadlineMs: 30_000 })).toMatchObject({
    passed: 1,
    failed: 1,
    skipped: 1,
    running: [],
    files: [{ name: 'test a.test.ts', tests: 3 }],
    figures: [{ test: 'right', text: '3 commits/s' }],
  })
})

test('each file that does not load is a failure', async () => {
  const root = repositoryWith({ 'a.test.ts': `throw new Error('broken')`, 'b.test.ts': `throw new Error('broken too')` })
  expect(await runTests([], { root, deadlineMs: 30_000 })).toMatchObject({ passed: 0, failed: 2 })
})

test('an error outside all tests is a failure beside theirs', async () => {
  const root = repositoryWith({
    'a.test.ts': `test('right', () => void Promise.reject(new Error('nobody waits')))\ntest('wrong', () => expect(1).toBe(2))`,
  })
  expect(await runTests([], { root, deadlineMs: 30_000 })).toMatchObject({ passed: 1, failed: 2 })
})

test('a test that never yields is killed at the deadline and named', async () => {
  const root = repositoryWith({ 'spin.test.ts': `test('spins', () => { for (;;); })` })
  expect(await runTests([], { root, deadlineMs: 6_000 })).toMatchObject({ failed: 1, running: ['test spin.test.ts'] })
})
