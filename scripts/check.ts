import { dirname } from 'node:path'
import { styleText } from 'node:util'
import { CHECKS } from './checks/checks.ts'
import { packageFolders } from './checks/packages.ts'
import { runCheck } from './checks/run-check.ts'
import { killCommandsWithUs } from './checks/run-command.ts'
import { runTests } from './checks/run-tests.ts'
import { selectionOf } from './checks/selection.ts'

// `pnpm check [check | package]…`: everything that is checked, or these checks, or all of them for these packages.
// The last line counts tests; a check that fails counts as one failed test, so that it never says "0 failed" wrongly.

// CI has 15 minutes for everything. It only ends what hangs.
const TESTS_DEADLINE_MS = 20 * 60_000

const root = dirname(import.meta.dirname)
process.chdir(root)
killCommandsWithUs()

const rows: string[] = []
let passed = 0
let failed = 0

async function measure(name: string, run: () => Promise<{ readonly ok: boolean; readonly note: string }>): Promise<void> {
  const startedAt = performance.now()
  const { ok, note } = await run()
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)
  const row = `${ok ? styleText('green', '✓') : styleText('red', '✗')} ${name.padEnd(10)} ${seconds} s  ${note}`
  rows.push(row)
  console.log(row)
}

try {
  const all = packageFolders(root)
  const { checks, folders } = selectionOf(process.argv.slice(2), all)
  console.log(`Checking ${checks.join(', ')} of ${folders.join(', ') || 'everything'}.`)
  // Some checks look at the repository as a whole and have nothing to say about a package.
  const possible = CHECKS.filter((check) => folders.length === 0 || check.commands(folders).length > 0)
  for (const check of possible.filter(({ name }) => checks.includes(name))) {
    await measure(check.name, async () => {
      const { ok, output } = await runCheck(check, { root, selected: folders, all })
      if (!ok) {
        console.error(output)
        failed++
      }
      return { ok, note: ok ? check.what : check.mend }
    })
  }
  if (checks.includes('tests')) {
    await measure('tests', async () => {
      const outcome = await runTests(folders, { root, deadlineMs: TESTS_DEADLINE_MS })
      passed += outcome.passed
      failed += outcome.failed
      return { ok: outcome.failed === 0, note: `${outcome.passed} passed, ${outcome.failed} failed, ${outcome.skipped} skipped` }
    })
  }
} catch (error) {
  console.error((error as Error).message)
  failed++
}
console.log(['', ...rows, '', `${passed} passed, ${failed} failed`].join('\n'))
process.exitCode = failed === 0 ? 0 : 1
