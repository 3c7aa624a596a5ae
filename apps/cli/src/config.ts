import { homePaths, talariaHome } from '@talaria/core'
import { loadSettings } from '@talaria/core/config'
import { gatewaySettings } from '@talaria/gateway/settings'

/** What this command is told, from its environment and its home; the one place that reads the environment. */
export async function readConfig() {
  const { env } = process
  const paths = homePaths(talariaHome(env))
  return { paths, settings: await loadSettings(gatewaySettings, { env, home: paths.home }) }
}

export type Config = Awaited<ReturnType<typeof readConfig>>
