import { agentSettingsTable } from '@talaria/agent/settings'
import { homePaths, talariaHome, type Env, type Log } from '@talaria/core'
import { loadSettings } from '@talaria/core/config'
import { kanbanSettings } from '@talaria/kanban'

/** What this process is told, from its environment and its home; the one place that reads the environment. */
export async function readConfig(log?: Log) {
  const { env } = process
  const paths = homePaths(talariaHome(env))
  const settings = await loadSettings(kanbanSettings, { env, home: paths.home, ...(log && { log }) })
  const agent = await loadSettings(agentSettingsTable, { env, home: paths.home })
  return { paths, settings, agent, workerEnv: workerEnvOf(env, paths.home) }
}

/** What workers see of the environment: all but the keys of our services, which are no worker's business. */
function workerEnvOf(env: Env, home: string): Env {
  const ours = new Set(['API_SERVER_KEY', 'KANBAN_KEY', 'WEBUI_TOKEN'])
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => !ours.has(name))), TALARIA_HOME: home }
}
