import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { doATask } from './do-a-task.ts'
import { freePort } from '@talaria/core/testing'
import { Program } from './program.ts'
import type { Tally } from './tally.ts'

/** The services as they are deployed: each one's bundle in an empty folder below `folder`, started by Node alone. */
export async function smokeBundle(tally: Tally, { root, folder }: { readonly root: string; readonly folder: string }): Promise<void> {
  const built = await tally.step('`pnpm build` bundles every app', async () => {
    execFileSync(process.execPath, [join(root, 'scripts', 'build.ts')], { stdio: 'inherit' })
  })
  if (!built) return
  const [port, kanbanPort] = [await freePort(), await freePort()]
  const key = randomBytes(32).toString('hex')
  const env = { API_SERVER_KEY: key, KANBAN_KEY: key, KANBAN_PORT: String(kanbanPort) }
  const start = (app: string) => {
    cpSync(join(root, 'apps', app, 'dist'), join(folder, app), { recursive: true })
    return new Program([process.execPath, join(folder, app, 'main.mjs')], { home: join(folder, `deployed-${app}`), port, cwd: folder, env })
  }
  await using gateway = start('gateway')
  await tally.step('the bundle of the gateway, copied to an empty folder, starts with node', async () => {
    await gateway.healthy()
    const { status } = await fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })
    if (status !== 200) throw new Error(`/v1/models answers ${status}.`)
  })
  await using kanban = start('kanban')
  await tally.step('so does that of the kanban service, and its workers do a task', async () => {
    await kanban.healthy(`http://127.0.0.1:${kanbanPort}`)
    await doATask(`http://127.0.0.1:${kanbanPort}`, key)
  })
  await tally.step('SIGTERM lets both drain and exit with 0', async () => {
    for (const program of [gateway, kanban]) {
      program.signal('SIGTERM')
      const code = await program.ended()
      if (code !== 0) throw new Error(`It exited with ${code}. It wrote:\n${program.output.slice(-4_000)}`)
    }
  })
}
