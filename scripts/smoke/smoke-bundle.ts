import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { Program } from './program.ts'
import type { Tally } from './tally.ts'

/** The gateway as it is deployed: its bundle in an empty folder below `folder`, started by Node alone. */
export async function smokeBundle(tally: Tally, { root, folder }: { readonly root: string; readonly folder: string }): Promise<void> {
  const built = await tally.step('`pnpm build` bundles every app', async () => {
    execFileSync(process.execPath, [join(root, 'scripts', 'build.ts')], { stdio: 'inherit' })
  })
  if (!built) return
  const bundle = join(folder, 'bundle')
  cpSync(join(root, 'apps', 'gateway', 'dist'), bundle, { recursive: true })
  const key = randomBytes(32).toString('hex')
  const options = { home: join(folder, 'deployed'), port: await freePort(), cwd: folder, env: { API_SERVER_KEY: key } }
  await using program = new Program([process.execPath, join(bundle, 'main.mjs')], options)
  await tally.step('the bundle of the gateway, copied to an empty folder, starts with node', async () => {
    await program.healthy()
    const { status } = await fetch(`${program.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })
    if (status !== 200) throw new Error(`/v1/models answers ${status}.`)
  })
  await tally.step('SIGTERM lets it drain and exit with 0', async () => {
    program.signal('SIGTERM')
    const code = await program.ended()
    if (code !== 0) throw new Error(`It exited with ${code}. It wrote:\n${program.output.slice(-4_000)}`)
  })
}
