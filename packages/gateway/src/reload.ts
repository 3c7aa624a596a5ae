import { agentSettingsOf } from '@talaria/agent/settings'
import { createAgent, type Tool } from '@talaria/agent'
import { codeOf, messageOf, TalariaError, type Clock, type Log } from '@talaria/core'
import type { LiveSettings } from '@talaria/core/config'
import type { ReloadReport } from '@talaria/core/contracts'
import type { ReplaceableAgent } from './replaceable-agent.ts'
import { gatewaySettings } from './settings.ts'

export interface ReloadOptions {
  readonly settings: LiveSettings<typeof gatewaySettings>
  readonly agent: ReplaceableAgent
  /** What every agent can do. */
  readonly tools: readonly Tool[]
  /** Has connect anew what the settings of these names are about; resolves with the names of the platforms. */
  readonly reconfigure: (changed: readonly string[]) => Promise<readonly string[]>
  readonly clock: Clock
  readonly log: Log
}

/** Reads the settings again and puts in force what can be without a restart. @throws TalariaError `INVALID_CONFIG`, and then nothing has changed */
export type Reload = () => Promise<ReloadReport>

/** Makes what reloads; several wishes at once are fulfilled one after the other. */
export function createReload(options: ReloadOptions): Reload {
  let last: Promise<unknown> = Promise.resolve()
  return () => {
    const reloaded = last.then(() => reload(options))
    last = reloaded.catch(() => {})
    return reloaded
  }
}

async function reload({ settings, agent, tools, reconfigure, clock, log }: ReloadOptions): Promise<ReloadReport> {
  try {
    const change = await settings.read()
    // Made before anything changes: a model that there is not is a mistake like any other.
    const next =
      isAnyDifferent(agentSettingsOf(settings.values), agentSettingsOf(change.next)) &&
      createAgent({ settings: agentSettingsOf(change.next), tools, clock, log })
    settings.apply(change)
    if (next) await agent.replace(next)
    const reconnecting = await reconfigure(change.changed)
    const report = { changed: change.changed.map(variableOf), reconnecting: [...reconnecting], needsRestart: change.waiting.map(variableOf) }
    log.info(report, sentenceOf(report))
    return report
  } catch (error) {
    const code = codeOf(error)
    const isMistake = code === 'INVALID_CONFIG' || code === 'invalid_settings'
    log.error({ err: error }, isMistake ? 'The settings were not reloaded: some are wrong. Nothing has changed.' : 'Reloading the settings failed.')
    throw isMistake ? new TalariaError('INVALID_CONFIG', messageOf(error), { cause: error }) : error
  }
}

/** What a reload has done, in a sentence or two. */
export function sentenceOf({ changed, reconnecting, needsRestart }: ReloadReport): string {
  const parts = [changed.length === 0 ? 'No setting that can change now has changed.' : `Changed: ${changed.join(', ')}.`]
  if (reconnecting.length > 0) parts.push(`Connecting anew: ${reconnecting.join(', ')}.`)
  if (needsRestart.length > 0) parts.push(`Only in force after a restart: ${needsRestart.join(', ')}.`)
  return parts.join(' ')
}

const variableOf = (name: keyof typeof gatewaySettings) => gatewaySettings[name].env

const isAnyDifferent = (one: unknown, other: unknown) => JSON.stringify(one) !== JSON.stringify(other)
