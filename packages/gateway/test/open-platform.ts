import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog, systemClock, type Clock } from '@talaria/core'
import { loadSettings, type SettingsTable } from '@talaria/core/config'
import type { InboundMessage } from '../src/chats/inbound-message.ts'
import { Attempt } from '../src/platforms/attempt.ts'
import type { PlatformDefinition, Reception } from '../src/platforms/definition.ts'
import type { Platform } from '../src/platforms/platform.ts'

/** A platform that is connected by one attempt, without a supervisor around it. */
export interface OpenPlatform extends AsyncDisposable {
  readonly platform: Platform
  readonly attempt: Attempt
  /** What came in, in its order; a message that came twice is there once, as the store would have it. */
  readonly received: readonly InboundMessage[]
}

export interface OpenPlatformOptions {
  readonly env: Readonly<Record<string, string>>
  readonly clock?: Clock
  /** What becomes of a message; accepted, or a duplicate, unless told otherwise. */
  readonly receive?: (message: InboundMessage) => Promise<Reception | undefined>
}

/** Connects a platform with the settings that an environment gives. The caller disposes it. */
export async function openPlatform<Table extends SettingsTable>(definition: PlatformDefinition<Table>, options: OpenPlatformOptions): Promise<OpenPlatform> {
  const settings = await loadSettings(definition.settings, { env: options.env, home: join(tmpdir(), 'a-home-that-is-not-there') })
  const plan = definition.plan(settings)
  if (plan.state !== 'ready') throw new Error(`${plan.state}: ${plan.reason}`)
  const received = new Map<string, InboundMessage>()
  const attempt = new Attempt({
    connect: (context) => definition.connect(settings, context),
    receive: async (message) => {
      const verdict = await options.receive?.(message)
      if (verdict) return verdict
      const key = JSON.stringify([message.address, message.messageId])
      if (received.has(key)) return 'duplicate'
      received.set(key, message)
      return 'accepted'
    },
    onDegraded: () => {},
    stop: new AbortController().signal,
    clock: options.clock ?? systemClock,
    log: silentLog,
  })
  try {
    const platform = await attempt.connect()
    return {
      platform,
      attempt,
      get received() {
        return [...received.values()]
      },
      [Symbol.asyncDispose]: () => attempt[Symbol.asyncDispose](),
    }
  } catch (error) {
    await attempt[Symbol.asyncDispose]()
    throw error
  }
}
