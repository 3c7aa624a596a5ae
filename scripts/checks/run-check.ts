import { availableParallelism } from 'node:os'
import type { Check } from './checks.ts'
import { runCommand } from './run-command.ts'

// Ten times what the slowest takes on two cores: it only ends what hangs.
const DEADLINE_MS = 3 * 60_000

/** Whether a check found nothing wrong, and what its programs wrote if it did. */
export interface CheckResult {
  readonly ok: boolean
  readonly output: string
}

/** Runs a check of these packages, or of the whole repository if there are none; as many programs at once as cores. */
export async function runCheck(
  check: Check,
  { root, selected, all }: { readonly root: string; readonly selected: readonly string[]; readonly all: readonly string[] },
): Promise<CheckResult> {
  const waiting = [...(selected.length > 0 ? check.commands(selected) : (check.commandsForAll ?? check.commands(all)))]
  const failures: string[] = []
  const work = async () => {
    for (let command = waiting.shift(); command; command = waiting.shift()) {
      const { ok, timedOut, output } = await runCommand(command, { cwd: root, deadlineMs: DEADLINE_MS, env: { TURBO_TELEMETRY_DISABLED: '1' } })
      if (!ok) failures.push(timedOut ? `${output}\n${command.join(' ')} hung and was killed.` : output)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return { ok: failures.length === 0, output: failures.join('\n') }
}
