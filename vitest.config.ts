import { existsSync, readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const packages = ['packages', 'apps'].flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))

// One project a package, so that `vitest run --project db` runs one of them.
export default defineConfig({
  test: {
    projects: [...packages, 'scripts', 'bench', 'test'].filter((root) => existsSync(root)).map((root) => ({
      extends: true as const,
      test: { name: root.startsWith('apps/') ? `${root.slice(5)}-app` : root.replace('packages/', ''), root },
    })),
    pool: 'forks',
    include: ['**/*.test.ts'],
    testTimeout: 20_000,
  },
})
