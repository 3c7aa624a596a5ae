import { styleText } from 'node:util'

/** Counts what was tried: each step is a sentence that is true of the system, and code that throws if it is not. */
export class Tally {
  passed = 0
  failed = 0

  /** Tries one step and says how it went. What depends on a step that failed is not tried: it resolves with `false`. */
  async step(sentence: string, prove: () => Promise<void>): Promise<boolean> {
    const startedAt = performance.now()
    try {
      await prove()
      this.passed++
      console.log(`${styleText('green', '✓')} ${sentence} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`)
      return true
    } catch (error) {
      this.failed++
      console.log(`${styleText('red', '✗')} ${sentence}\n${(error as Error).message}`)
      return false
    }
  }
}
