import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PNPM } from '../install.mjs'
import { freePort } from '@talaria/core/testing'
import { Program } from './program.ts'
import type { Tally } from './tally.ts'

const EDITED = 'apps/gateway/src/main.ts'
const WORDS = 'the edited gateway speaks'

/** `pnpm dev` in a home of its own below `folder`: an edit is seen running, and undone. */
export async function smokeDev(tally: Tally, { root, folder }: { readonly root: string; readonly folder: string }): Promise<void> {
  await using program = new Program(['npx', '--yes', PNPM, 'dev'], {
    home: join(folder, 'dev'),
    port: await freePort(),
    cwd: root,
    env: { KANBAN_PORT: String(await freePort()) },
  })
  if (!(await tally.step('`pnpm dev` brings the gateway up in the home it was given', () => program.healthy()))) return
  const file = join(root, EDITED)
  const original = readFileSync(file, 'utf8')
  let mark = await program.says('gateway is up after')
  try {
    await tally.step(`an edit of ${EDITED} is running a moment later`, async () => {
      writeFileSync(file, `console.error(${JSON.stringify(WORDS)})\n${original}`)
      mark = await program.says('gateway is up after', await program.says(WORDS, mark))
      await program.healthy()
    })
  } finally {
    writeFileSync(file, original)
  }
  await tally.step('so is the edit undone', async () => {
    const changed = await program.says(`${EDITED} changed`, mark)
    await program.says('gateway is up after', changed)
    if (program.output.includes(WORDS, changed)) throw new Error('The edit still runs.')
  })
  await tally.step('SIGTERM to pnpm leaves no process behind', async () => {
    program.signal('SIGTERM')
    await program.nothingLeft()
  })
}
