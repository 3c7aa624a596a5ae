import type { AgentSettings } from '../agent-settings.ts'

/** The built-in model's name, the one target without a provider. */
export const SCRIPTED = 'scripted'

/** Where a model is: a provider and the name it has there. */
export interface Target {
  /** As the settings write it: `openai/gpt-5`. */
  readonly name: string
  readonly provider: keyof AgentSettings['providers'] | typeof SCRIPTED
  readonly modelId: string
}

/** Takes a target apart at its first slash: model names have slashes of their own (`openai-compatible/qwen/qwen3-8b`). */
export function parseTarget(name: string): Target {
  const slash = name.indexOf('/')
  if (slash === -1) return { name, provider: SCRIPTED, modelId: SCRIPTED }
  return { name, provider: name.slice(0, slash) as Target['provider'], modelId: name.slice(slash + 1) }
}
