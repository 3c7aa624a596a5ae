import { homePaths, talariaHome } from '@talaria/core'
import { loadSettings } from '@talaria/core/config'
import { gatewaySettings } from '@talaria/gateway/settings'
import { kanbanSettings } from '@talaria/kanban/settings'

/** What this command is told, from its environment and its home; the one place that reads the environment. */
export async function readConfig() {
  const { env } = process
  const paths = homePaths(talariaHome(env))
  const [settings, kanban] = await Promise.all([
    loadSettings(gatewaySettings, { env, home: paths.home }),
    loadSettings(kanbanSettings, { env, home: paths.home }),
  ])
  return { paths, settings, kanban }
}

export type Config = Awaited<ReturnType<typeof readConfig>>
