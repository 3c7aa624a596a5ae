import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { everySetting } from '../src/every-setting.ts'
import { settingsMarkdown } from './settings-markdown.ts'

const PAGE = fileURLToPath(new URL('../../../docs/settings.md', import.meta.url))

/** After a change: `npx vitest run --project cli-app apps/cli/test/settings-page.test.ts --update`. */
test('docs/settings.md has every setting as the program has it, and no other', async () => {
  await expect(settingsMarkdown(everySetting)).toMatchFileSnapshot(PAGE)
})

test('the pages of the documentation name no setting that there is not', () => {
  const known = new Set([...Object.values(everySetting).map(({ env }) => env), 'TALARIA_HOME'])
  for (const page of ['README.md', 'docs/api.md', 'docs/operations.md', 'docs/models.md', 'docs/conversations.md', 'docs/settings.md']) {
    const text = readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8')
    const named = [...text.matchAll(/\b(?:API_SERVER|KANBAN|TALARIA|OPENAI|ANTHROPIC)_[A-Z_]+[A-Z]\b/g)].map(([name]) => name)
    expect([page, named.filter((name) => !known.has(name))]).toEqual([page, []])
  }
})
