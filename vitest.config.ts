import { defineConfig } from 'vitest/config'
import { OutcomeReporter } from './scripts/checks/outcome-reporter.ts'
import { packageFolders, testProjectOf } from './scripts/checks/packages.ts'

const outcomeFile = process.env.TALARIA_TEST_OUTCOME

export default defineConfig({
  test: {
    // One project a package, so that `vitest run --project db` runs the tests of one.
    projects: packageFolders(import.meta.dirname).map((root) => ({ extends: true as const, test: { name: testProjectOf(root), root } })),
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    // Most tests wait more than they compute; vitest would leave one of two cores idle.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 10_000,
    // A test that forgets to name a home must not write into that of the person who runs it, nor spend their money.
    env: { TALARIA_HOME: '/dev/null/a-test-must-name-its-home', OPENAI_API_KEY: '', ANTHROPIC_API_KEY: '' },
    reporters: ['default', ...(outcomeFile ? [new OutcomeReporter(outcomeFile)] : [])],
  },
})
