import { homePaths, talariaHome, type Log } from '@talaria/core'
import { LiveSettings, loadSettings } from '@talaria/core/config'
import { gatewaySettings } from '@talaria/gateway'
import { kanbanSettings } from '@talaria/kanban/settings'

const { host, port, workers, assignees, defaultAssignee } = kanbanSettings

/** Where the dispatcher listens, and whom plans may name: all that the gateway asks of its settings. */
const KANBAN_SETTINGS = { host, port, workers, assignees, defaultAssignee }

/** What this process is told, from its environment and its home; the one place that reads the environment. */
export async function readConfig(log?: Log) {
  const { env } = process
  const paths = homePaths(talariaHome(env))
  const live = await LiveSettings.load(gatewaySettings, { env, home: paths.home, ...(log && { log }) })
  return { paths, live, kanban: await loadSettings(KANBAN_SETTINGS, { env, home: paths.home, sections: [] }) }
}
