import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { doATask } from './do-a-task.ts'
import { freePort } from '@talaria/core/testing'
import { Program } from './program.ts'
import type { Tally } from './tally.ts'

/** `npm start` as a new user runs it, in a home of its own below `folder`. */
export async function smokeStart(tally: Tally, { root, folder }: { readonly root: string; readonly folder: string }): Promise<void> {
  const home = join(folder, 'start')
  const [port, kanbanPort] = [await freePort(), await freePort()]
  const kanbanUrl = `http://127.0.0.1:${kanbanPort}`
  const options = { home, port, cwd: root, env: { KANBAN_PORT: String(kanbanPort) } }
  {
    await using program = new Program(['npm', 'start'], options)
    if (!(await tally.step('`npm start` brings the gateway up', () => program.healthy()))) return
    const key = parseEnv(readFileSync(join(home, '.env'), 'utf8')).API_SERVER_KEY ?? ''
    await tally.step('/v1/models answers whoever has the key in .env, and nobody else', async () => {
      const status = async (authorization: string) => (await fetch(`${program.url}/v1/models`, { headers: { authorization } })).status
      const [right, wrong] = [await status(`Bearer ${key}`), await status('Bearer something-else-of-this-length')]
      if (right !== 200 || wrong !== 401) throw new Error(`With the key ${right}, with another ${wrong}.`)
    })
    await tally.step('a task that is put on the board is done by a worker', async () => {
      await program.healthy(kanbanUrl)
      await doATask(kanbanUrl, parseEnv(readFileSync(join(home, '.env'), 'utf8')).KANBAN_KEY ?? '')
    })
    await tally.step('it says where to find the key, and not the key', async () => {
      await program.says(join(home, '.env'))
      if (key === '' || program.output.includes(key)) throw new Error(`The key is ${key === '' ? 'empty' : 'in the output'}.`)
    })
    await tally.step('SIGTERM to npm leaves no process behind', async () => {
      program.signal('SIGTERM')
      await program.nothingLeft()
    })
  }
  await using program = new Program(['npm', 'start'], options)
  await tally.step('it starts again on the same home and port, and kill -9 of npm leaves no process behind', async () => {
    await program.healthy()
    program.signal('SIGKILL')
    await program.nothingLeft()
  })
}
