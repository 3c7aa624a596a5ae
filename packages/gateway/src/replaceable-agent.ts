import type { Agent, AgentEvent, AgentRequest, ModelListing } from '@talaria/agent'

type OwnedAgent = Agent & AsyncDisposable

/** An agent, and how many turns it is answering. */
interface Place {
  readonly agent: OwnedAgent
  turns: number
}

/**
 * An agent that gives way to another one while it works: turns end with the agent that they began with, and that is
 * disposed when the last of them has. Owns the agents that it is given.
 */
export class ReplaceableAgent implements OwnedAgent {
  #present: Place
  readonly #former = new Set<Place>()

  constructor(agent: OwnedAgent) {
    this.#present = { agent, turns: 0 }
  }

  async *run(request: AgentRequest, signal: AbortSignal): AsyncGenerator<AgentEvent> {
    const place = this.#present
    place.turns++
    try {
      yield* place.agent.run(request, signal)
    } finally {
      place.turns--
      await this.#releaseIdle()
    }
  }

  models(): readonly ModelListing[] {
    return this.#present.agent.models()
  }

  /** Has `agent` answer from now on. */
  async replace(agent: OwnedAgent): Promise<void> {
    this.#former.add(this.#present)
    this.#present = { agent, turns: 0 }
    await this.#releaseIdle()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#present, ...this.#former].map(({ agent }) => agent[Symbol.asyncDispose]()))
  }

  async #releaseIdle(): Promise<void> {
    const idle = [...this.#former].filter(({ turns }) => turns === 0)
    for (const place of idle) this.#former.delete(place)
    await Promise.all(idle.map(({ agent }) => agent[Symbol.asyncDispose]()))
  }
}
