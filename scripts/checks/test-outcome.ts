import { existsSync, readFileSync } from 'node:fs'

/** What became of the tests, as `OutcomeReporter` writes it while they run. */
export interface TestOutcome {
  readonly passed: number
  /** Tests that failed, files that could not be loaded, and errors that no test caught. */
  readonly failed: number
  readonly skipped: number
  /** Files that have begun and not ended: empty at the end, unless somebody ended it. */
  readonly running: readonly string[]
  /** The files that have ended, with the time each took. */
  readonly files: readonly { readonly name: string; readonly tests: number; readonly ms: number }[]
  /** What tests measured: the rest of each line of output that begins with `figure: `. */
  readonly figures: readonly Figure[]
}

/** One measured figure, and the test that measured it. */
export interface Figure {
  readonly test: string
  readonly text: string
}

/** The outcome in a file; nothing passed and one thing failed if there is none, because then the tests did not start. */
export function readOutcome(file: string): TestOutcome {
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0, running: [], files: [], figures: [] }
  return JSON.parse(readFileSync(file, 'utf8')) as TestOutcome
}
