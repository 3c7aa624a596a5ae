import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { packageFolders } from './checks/packages.ts'
import { killCommandsWithUs } from './checks/run-command.ts'
import { runTests } from './checks/run-tests.ts'
import { selectionOf } from './checks/selection.ts'
import { testReport } from './checks/test-report.ts'

// `pnpm test:full [package]…`: the tests with their whole counts (TALARIA_TEST_FULL=1), and a report of all of them.

// Hours are expected; it only ends what hangs.
const DEADLINE_MS = 6 * 60 * 60_000

const root = dirname(import.meta.dirname)
killCommandsWithUs()
const { folders } = selectionOf(['tests', ...process.argv.slice(2)], packageFolders(root))
console.log(`Running the long version of the tests of ${folders.join(', ') || 'everything'}. This takes long.`)
const startedAt = performance.now()
const outcome = await runTests(folders, { root, deadlineMs: DEADLINE_MS, env: { TALARIA_TEST_FULL: '1' } })
if (folders.length === 0) {
  const date = new Date().toISOString().slice(0, 10)
  const file = join(root, 'docs', 'reports', `${date}-tests.md`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, testReport(outcome, { date, commit: commitOf(root), minutes: (performance.now() - startedAt) / 60_000 }))
  console.log(`The report is in ${relative(root, file)}: commit it.`)
}
console.log(`${outcome.passed} passed, ${outcome.failed} failed`)
process.exitCode = outcome.failed === 0 ? 0 : 1

function commitOf(folder: string): string {
  const git = (...words: string[]) => execFileSync('git', words, { cwd: folder, encoding: 'utf8' }).trim()
  return `${git('rev-parse', '--short=12', 'HEAD')}${git('status', '--porcelain') === '' ? '' : ', with changes that are not committed'}`
}
