import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { testCommand } from './checks.ts'
import { runCommand } from './run-command.ts'
import { readOutcome, type TestOutcome } from './test-outcome.ts'

/**
 * Runs the tests of these packages, or of all, in the terminal. Killed at the deadline, it says which files were running.
 * An end that is not a success although no test failed counts as one failure.
 */
export async function runTests(
  folders: readonly string[],
  { root, deadlineMs, env = {} }: { readonly root: string; readonly deadlineMs: number; readonly env?: NodeJS.ProcessEnv },
): Promise<TestOutcome> {
  const file = join(root, '.reports', 'tests.json')
  rmSync(file, { force: true })
  const { ok, timedOut } = await runCommand(testCommand(folders), { cwd: root, deadlineMs, live: true, env: { ...env, TALARIA_TEST_OUTCOME: file } })
  const outcome = readOutcome(file)
  if (timedOut)
    console.error(
      `The tests took more than ${Math.round(deadlineMs / 60_000)} minutes and were killed. Running then: ${outcome.running.join(', ') || 'nothing'}.`,
    )
  return ok || outcome.failed > 0 ? outcome : { ...outcome, failed: 1 }
}
