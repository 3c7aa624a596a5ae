import { dirname, join, relative, sep } from 'node:path'
import { homePaths, talariaHome } from '@talaria/core'
import { prepareServices } from './prepare.ts'
import { ReloadedService } from './reloaded-service.ts'
import { exitCodeOf } from './service.ts'
import type { ServiceEntry } from './service-entry.ts'
import { changesBelow } from './source-watch.ts'
import { onStopSignal } from './stop-signals.ts'
import { createTerminal } from './terminal.ts'

/**
 * Keeps the services running from source: each is started anew when a file changes beside its main module or in any
 * package, tests apart. Resolves with the exit code of it all when this process is asked to end.
 */
export async function reloadServices(entries: readonly ServiceEntry[], options: { readonly root: string; readonly env: NodeJS.ProcessEnv }): Promise<number> {
  const { root, env } = options
  const home = talariaHome(env)
  const prepared = await prepareServices(entries, options)
  const terminal = createTerminal(prepared.map(({ name }) => name))
  const stop = new AbortController()
  onStopSignal(() => stop.abort())
  terminal.say(`Running ${prepared.map(({ name }) => name).join(', ')} from source; home is ${home}. An edit below apps/ or packages/ reloads, Ctrl-C stops.`)

  const packages = join(root, 'packages')
  const reloading = prepared.map((entry) => ({ entry, folders: [packages, dirname(entry.main)], service: new ReloadedService(entry, { env, terminal }) }))
  for (const { entry, service } of reloading) {
    for (const [sentence, what] of entry.invitations(entry.url, homePaths(home).envFile)) terminal.linesOf(entry.name)(`${sentence} ${what}`)
    service.start()
  }
  for await (const files of changesBelow([packages, join(root, 'apps')], stop.signal)) {
    const sources = files.filter((file) => !file.endsWith('.test.ts'))
    const touched = reloading.filter(({ folders }) => sources.some((file) => folders.some((folder) => file.startsWith(folder + sep))))
    if (touched.length > 0)
      terminal.say(`${sources.map((file) => relative(root, file)).join(', ')} changed: reloading ${touched.map(({ entry }) => entry.name).join(', ')}.`)
    await Promise.all(touched.map(({ service }) => service.reload()))
  }
  terminal.say('Stopping.')
  return exitCodeOf(await Promise.all(reloading.map(({ service }) => service.stop())))
}
