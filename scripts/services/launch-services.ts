import { talariaHome, homePaths } from '@talaria/core'
import { untilHealthy } from './health.ts'
import { prepareServices, type PreparedService } from './prepare.ts'
import { describeExit, exitCodeOf, startService } from './service.ts'
import type { ServiceEntry } from './service-entry.ts'
import { onStopSignal } from './stop-signals.ts'
import { createTerminal } from './terminal.ts'

// Longer than any service takes to let its turns end, so that only what hangs is killed.
const STOP_PATIENCE_MS = 45_000

/**
 * Starts the services, says where they are once all answer, and keeps them until this process is asked to end or one of
 * them ends by itself, which ends the others. Resolves with the exit code of it all: 0 if everything stopped in order.
 */
export async function launchServices(entries: readonly ServiceEntry[], options: { readonly root: string; readonly env: NodeJS.ProcessEnv }): Promise<number> {
  const startedAt = performance.now()
  const home = talariaHome(options.env)
  const prepared = await prepareServices(entries, options)
  const terminal = createTerminal(prepared.map(({ name }) => name))
  terminal.say(`Starting ${namesOf(prepared)}; home is ${home}.`)

  const running = prepared.map((entry) => ({ entry, service: startService(entry.main, { env: options.env, onLine: terminal.linesOf(entry.name) }) }))
  const stop = new AbortController()
  onStopSignal((times) => {
    terminal.say(times === 1 ? `Stopping ${namesOf(prepared)}. Asked once more, it ends at once.` : 'Asked once more: ending at once.')
    if (times === 1) stop.abort()
    else for (const { service } of running) service.terminate()
  })
  void Promise.all(prepared.map(({ url }) => untilHealthy(url, stop.signal))).then(
    () =>
      terminal.say(
        `Talaria is up after ${((performance.now() - startedAt) / 1000).toFixed(1)} s. Ctrl-C stops it.`,
        ...invitationsOf(prepared, homePaths(home).envFile),
      ),
    () => undefined, // asked to stop, or one of them ended, before all had answered
  )

  const stopped = new Promise<undefined>((resolve) => stop.signal.addEventListener('abort', () => resolve(undefined), { once: true }))
  const ended = await Promise.race([stopped, ...running.map(async ({ entry, service }) => ({ entry, exit: await service.exited }))])
  if (ended) terminal.say(`${ended.entry.name} ended by itself (${describeExit(ended.exit)}). Its last words are above: mend what they say, then start again.`)
  stop.abort()
  const exits = await Promise.all(running.filter(({ entry }) => entry !== ended?.entry).map(({ service }) => service.stop(STOP_PATIENCE_MS)))
  if (!ended) terminal.say(`Stopped: ${exits.map((exit, index) => `${prepared[index]?.name} (${describeExit(exit)})`).join(', ')}.`)
  return exitCodeOf(ended ? [ended.exit] : exits)
}

function namesOf(services: readonly PreparedService[]): string {
  return services.map(({ name }) => name).join(', ')
}

function invitationsOf(services: readonly PreparedService[], envFile: string): readonly string[] {
  return services.flatMap(({ name, url, invitations }) => [
    `  ${name}: ${url}`,
    ...invitations(url, envFile).map(([sentence, what]) => `    ${sentence} ${what}`),
  ])
}
