import type { ModelListing } from '../agent.ts'
import type { AgentSettings } from '../agent-settings.ts'
import type { Model } from './model.ts'
import { PROVIDERS } from './providers.ts'
import { sdkModel } from './sdk-model.ts'
import { parseTarget, SCRIPTED, type Target } from './target.ts'

/** The models of the settings: which names there are, what stands behind each, and the models themselves, opened when first used. */
export class ModelDirectory {
  readonly listings: readonly ModelListing[]
  readonly #settings: AgentSettings
  readonly #scripted: Model
  readonly #fetch: typeof globalThis.fetch
  readonly #opened = new Map<string, Promise<Model>>()

  constructor(settings: AgentSettings, options: { readonly scripted: Model; readonly fetch: typeof globalThis.fetch }) {
    this.#settings = settings
    this.#scripted = options.scripted
    this.#fetch = options.fetch
    const names = new Set([settings.model, ...Object.keys(settings.aliases), ...settings.fallbacks])
    this.listings = [...names].map((id) => {
      const { name, provider } = this.#resolve(id)
      return { id, target: name, ownedBy: provider === SCRIPTED ? 'talaria' : provider }
    })
  }

  /** What to ask for `name`, in order: the target it stands for (of an unknown name, the default model's), then the fall-backs. */
  targetsOf(name: string): readonly Target[] {
    const listed = this.listings.some(({ id }) => id === name) ? name : this.#settings.model
    const chosen = this.#resolve(listed)
    return [chosen, ...this.#settings.fallbacks.filter((fallback) => fallback !== chosen.name).map(parseTarget)]
  }

  /** The model behind a target, opened once. Rejects with `model_not_configured` when a setting is missing; asking again tries again. */
  open(target: Target): Promise<Model> {
    const opened = this.#opened.get(target.name) ?? this.#load(target)
    this.#opened.set(target.name, opened)
    opened.catch(() => this.#opened.delete(target.name))
    return opened
  }

  async #load({ provider, modelId }: Target): Promise<Model> {
    if (provider === SCRIPTED) return this.#scripted
    return sdkModel(await PROVIDERS[provider].open(modelId, this.#settings.providers[provider], this.#fetch))
  }

  #resolve(name: string): Target {
    return parseTarget(this.#settings.aliases[name] ?? name)
  }
}
