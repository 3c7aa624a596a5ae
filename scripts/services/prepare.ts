import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { ensureSecrets, homePaths, talariaHome } from '@talaria/core'
import { addressOf } from './address.ts'
import type { ServiceEntry } from './service-entry.ts'

/** A service that is about to be started: its main module as an absolute path, and where it will listen. */
export interface PreparedService extends ServiceEntry {
  readonly url: string
}

/**
 * Those of the services that exist in the repository at `root`, with the secrets that they need made up where missing.
 * Throws an error whose message says what to do if there is none, or if a port is taken.
 */
export async function prepareServices(
  entries: readonly ServiceEntry[],
  { root, env }: { readonly root: string; readonly env: NodeJS.ProcessEnv },
): Promise<readonly PreparedService[]> {
  const existing = entries.map((entry) => ({ ...entry, main: join(root, entry.main) })).filter(({ main }) => existsSync(main))
  if (existing.length === 0) throw new Error(`None of ${entries.map(({ main }) => main).join(', ')} exists: this clone is not complete.`)
  const home = talariaHome(env)
  await ensureSecrets(
    home,
    existing.flatMap(({ secrets }) => secrets).filter((name) => !env[name]),
  )
  const prepared = await Promise.all(existing.map(async (entry) => ({ ...entry, url: await addressOf(entry, env) })))
  for (const { name, url, port } of prepared) {
    if (!(await isTaken(url))) continue
    const where = `here or in ${homePaths(home).envFile}`
    throw new Error(
      `Something listens on ${url} already, so that ${name} cannot. If it is another Talaria, stop it; else set ${port.env} (${where}) to a free port.`,
    )
  }
  return prepared
}

async function isTaken(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) })
    const answer = (taken: boolean) => {
      socket.destroy()
      resolve(taken)
    }
    socket.once('connect', () => answer(true)).once('error', () => answer(false))
  })
}
