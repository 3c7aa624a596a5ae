import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { UserConsoleLog } from 'vitest'
import type { Reporter, TestModule, Vitest } from 'vitest/node'
import type { Figure, TestOutcome } from './test-outcome.ts'

const FIGURE = /^figure: (.+)$/gm

/**
 * Keeps a file up to date with what became of the tests so far: see `TestOutcome`. After each file and not at the end
 * only, so that it can be said what ran when a test that never yields was killed: vitest has no deadline for those.
 */
export class OutcomeReporter implements Reporter {
  readonly #file: string
  readonly #running = new Set<string>()
  readonly #files: TestOutcome['files'][number][] = []
  readonly #figures: Figure[] = []
  #vitest: Vitest | undefined
  #passed = 0
  #failed = 0
  #skipped = 0

  constructor(file: string) {
    this.#file = file
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
    mkdirSync(dirname(this.#file), { recursive: true })
    this.#write()
  }

  onTestModuleStart(module: TestModule): void {
    this.#running.add(nameOf(module))
    this.#write()
  }

  onTestModuleEnd(module: TestModule): void {
    this.#running.delete(nameOf(module))
    this.#failed += module.errors().length
    const tests = [...module.children.allTests()]
    this.#files.push({ name: nameOf(module), tests: tests.length, ms: Math.round(module.diagnostic().duration) })
    for (const test of tests) {
      const { state } = test.result()
      if (state === 'passed') this.#passed++
      else if (state === 'failed') this.#failed++
      else this.#skipped++
    }
    this.#write()
  }

  onUserConsoleLog({ content, taskId }: UserConsoleLog): void {
    const task = taskId === undefined ? undefined : this.#vitest?.state.getReportedEntityById(taskId)
    const test = task === undefined ? '' : task.type === 'module' ? nameOf(task) : task.fullName
    for (const [, text = ''] of content.matchAll(FIGURE)) this.#figures.push({ test, text })
  }

  onTestRunEnd(_modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    this.#failed += unhandled.length
    this.#write()
  }

  #write(): void {
    const outcome: TestOutcome = {
      passed: this.#passed,
      failed: this.#failed,
      skipped: this.#skipped,
      running: [...this.#running],
      files: this.#files,
      figures: this.#figures,
    }
    writeFileSync(this.#file, JSON.stringify(outcome))
  }
}

function nameOf(module: TestModule): string {
  return `${module.project.name} ${module.relativeModuleId}`
}
