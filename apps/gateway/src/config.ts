import { homePaths, talariaHome, type Log } from '@talaria/core'
import { LiveSettings } from '@talaria/core/config'
import { gatewaySettings } from '@talaria/gateway'

/** What this process is told, from its environment and its home; the one place that reads the environment. */
export async function readConfig(log?: Log) {
  const { env } = process
  const paths = homePaths(talariaHome(env))
  return { paths, live: await LiveSettings.load(gatewaySettings, { env, home: paths.home, ...(log && { log }) }) }
}
