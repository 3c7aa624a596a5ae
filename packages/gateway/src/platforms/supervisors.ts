import type { PlatformStatus } from '@talaria/core/contracts'
import type { PlatformDefinition } from './definition.ts'
import type { Platform } from './platform.ts'
import { PlatformSupervisor, type PlatformSupervisorOptions } from './supervisor.ts'

export interface PlatformSupervisorsOptions extends Omit<PlatformSupervisorOptions, 'definition'> {
  readonly definitions: readonly PlatformDefinition[]
}

/** The supervisors of all chat platforms, one each: none waits for another, and none can end another. */
export class PlatformSupervisors implements AsyncDisposable {
  readonly #supervisors: ReadonlyMap<string, PlatformSupervisor>

  /** Opens nothing; {@link start} does. */
  constructor({ definitions, ...options }: PlatformSupervisorsOptions) {
    this.#supervisors = new Map(definitions.map((definition) => [definition.name, new PlatformSupervisor({ ...options, definition })]))
  }

  get all(): readonly PlatformSupervisor[] {
    return [...this.#supervisors.values()]
  }

  get statuses(): readonly PlatformStatus[] {
    return this.all.map(({ status }) => status)
  }

  /** Whether the settings let any of them be started. */
  get isAnyReady(): boolean {
    return this.all.some(({ isReady }) => isReady)
  }

  get(name: string): PlatformSupervisor | undefined {
    return this.#supervisors.get(name)
  }

  /** The platform of that name while it is connected. */
  connected(name: string): Platform | undefined {
    return this.#supervisors.get(name)?.current
  }

  /** Connects all at once; resolves once each is connected or has said why it is not. Never rejects. */
  async start(): Promise<void> {
    await Promise.all(this.all.map((supervisor) => supervisor.start()))
  }

  /** Has those connect anew of whose settings one has changed that says so; resolves with their names. */
  async reconfigure(changed: readonly string[]): Promise<readonly string[]> {
    const affected = this.all.filter(({ settings }) => changed.some((name) => settings[name] && settings[name].applies !== 'at_once'))
    await Promise.all(affected.map((supervisor) => supervisor.reconfigure()))
    return affected.map(({ name }) => name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((supervisor) => supervisor[Symbol.asyncDispose]()))
  }
}
