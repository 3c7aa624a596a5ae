import { agentSettingsOf, agentSettingsTable } from '@talaria/agent/settings'
import { talariaHome, TalariaError } from '@talaria/core'
import { loadSettings } from '@talaria/core/config'
import { WORKER_ENV } from '@talaria/kanban/worker'

/** What a worker is told, from its environment and the home. */
export async function readWorkerConfig() {
  const { env } = process
  const socket = env[WORKER_ENV.socket]
  const token = env[WORKER_ENV.token]
  if (!socket || !token)
    throw new TalariaError('INVALID_CONFIG', `A worker is begun by the dispatcher, which sets ${WORKER_ENV.socket} and ${WORKER_ENV.token}.`)
  const settings = await loadSettings(agentSettingsTable, { env, home: talariaHome(env) })
  return { socket, token, env, agent: agentSettingsOf(settings) }
}
