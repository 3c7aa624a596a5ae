import type { Clock, Log } from '@talaria/core'
import type { Agent } from './agent.ts'
import { parseAgentSettings, type AgentSettingsInput } from './agent-settings.ts'
import { openHttpClient } from './http-client.ts'
import { ModelDirectory } from './models/model-directory.ts'
import { scriptedModel } from './models/scripted/scripted-model.ts'
import { createRedact } from './redact.ts'
import { currentTime } from './tools/current-time.ts'
import type { Tool } from './tools/tool.ts'
import { runTurn } from './turns/run-turn.ts'

/** What an agent is made of. */
export interface AgentOptions {
  readonly settings: AgentSettingsInput
  readonly clock: Clock
  readonly log: Log
  /** The server's own tools; left out, those that come with the agent. */
  readonly tools?: readonly Tool[]
  /** Instead of our own HTTP client; then its sockets are its owner's, and `connectMs` is too. */
  readonly fetch?: typeof globalThis.fetch
}

/**
 * The agent of these settings. Opens nothing: a provider's package is loaded, and a connection made, when a turn first
 * asks one of its models. Disposing closes every connection; turns that need one then fail with `agent_closed`.
 * Throws `invalid_settings`.
 */
export function createAgent({ settings: input, clock, log, tools = [currentTime(clock)], fetch }: AgentOptions): Agent & AsyncDisposable {
  const settings = parseAgentSettings(input)
  const http = openHttpClient({ clock, connectMs: settings.timeouts.connectMs })
  const models = new ModelDirectory(settings, { scripted: scriptedModel(clock), fetch: fetch ?? http.fetch })
  const redact = createRedact(Object.values(settings.providers).map(({ apiKey }) => apiKey))
  const context = { settings, clock, log, models, tools, redact }
  return {
    run: (request, signal) => runTurn(request, signal, context),
    models: () => models.listings,
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  }
}
