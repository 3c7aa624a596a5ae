import { cpus, release, totalmem, type } from 'node:os'
import type { TestOutcome } from './test-outcome.ts'

/** What a report says beside the outcome. */
export interface TestRun {
  readonly date: string
  /** The commit that was tested, and whether the files were those of the commit. */
  readonly commit: string
  readonly minutes: number
}

/** The report of a full run of the tests, as Markdown: what ran where, for how long, and what was measured. */
export function testReport({ passed, failed, skipped, files, figures }: TestOutcome, { date, commit, minutes }: TestRun): string {
  const slowest = files.toSorted((one, other) => other.ms - one.ms).slice(0, 20)
  return `# Full tests, ${date}

\`pnpm test:full\`: the long version of every test.

| | |
| --- | --- |
| tests | ${passed} passed, ${failed} failed, ${skipped} skipped, in ${files.length} files |
| duration | ${minutes.toFixed(1)} minutes |
| commit | ${commit} |
| machine | ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()}, Node ${process.versions.node} |

## Figures

${table(
  ['test', 'figure'],
  figures.map(({ test, text }) => [test, text]),
)}

## The files that took longest

${table(
  ['file', 'tests', 'seconds'],
  slowest.map(({ name, tests, ms }) => [name, String(tests), (ms / 1000).toFixed(1)]),
)}
`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return 'None.'
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
  return lines.join('\n')
}
