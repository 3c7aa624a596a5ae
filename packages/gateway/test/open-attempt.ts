import { silentLog, systemClock, type Clock } from '@talaria/core'
import type { InboundMessage } from '../src/chats/inbound-message.ts'
import { Attempt } from '../src/platforms/attempt.ts'
import type { PlatformDefinition } from '../src/platforms/definition.ts'

export interface TestAttempt extends AsyncDisposable {
  readonly attempt: Attempt
  /** What came in and was taken. */
  readonly received: readonly InboundMessage[]
  /** Called for each message before it is taken; one that throws has it refused, so that the service keeps it. */
  onReceive: (message: InboundMessage) => void | Promise<void>
}

/** One attempt of a platform, with real resources and deadlines, and a list for what comes in. Not connected yet. */
export function openAttempt(definition: PlatformDefinition, settings: Readonly<Record<string, unknown>>, clock: Clock = systemClock): TestAttempt {
  const received: InboundMessage[] = []
  const attempt = new Attempt({
    connect: (context) => definition.connect(settings, context),
    async receive(message) {
      await opened.onReceive(message)
      const isKnown = received.some((one) => one.messageId === message.messageId)
      if (!isKnown) received.push(message)
      return isKnown ? 'duplicate' : 'accepted'
    },
    onDegraded() {},
    stop: new AbortController().signal,
    clock,
    log: silentLog,
  })
  const opened: TestAttempt = { attempt, received, onReceive() {}, [Symbol.asyncDispose]: () => attempt[Symbol.asyncDispose]() }
  return opened
}
