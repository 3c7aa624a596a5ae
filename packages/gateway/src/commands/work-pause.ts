import type { PlatformStore } from '@talaria/db'

/** Beside the platforms' own names in what the operator has paused. */
const EVERYTHING = '*'

/** The operator's wish that nothing new begins, on any platform. It outlives the process. */
export class WorkPause {
  readonly #store: Pick<PlatformStore, 'setPaused' | 'paused'>

  constructor(store: Pick<PlatformStore, 'setPaused' | 'paused'>) {
    this.#store = store
  }

  async isOn(): Promise<boolean> {
    return (await this.#store.paused()).has(EVERYTHING)
  }

  async set(isOn: boolean): Promise<void> {
    await this.#store.setPaused(EVERYTHING, isOn)
  }
}
