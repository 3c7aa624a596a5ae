import type { Clock, Log } from '@talaria/core'
import type { AgentSettings } from '../agent-settings.ts'
import type { Redact } from '../redact.ts'
import type { ModelCall } from './model.ts'
import type { ModelDirectory } from './model-directory.ts'
import { modelFailureOf, type ModelFailure } from './model-failure.ts'
import { openModelStream, type ModelStream } from './model-stream.ts'
import { retryDelayMs } from './retry-delay.ts'
import type { Target } from './target.ts'

/** A server that wants to be left alone for longer than this is passed over: somebody is waiting for the answer. */
const MAX_WAIT_MS = 60_000

/** What asking a model needs. */
export interface ModelContext {
  readonly models: ModelDirectory
  readonly settings: AgentSettings
  readonly clock: Clock
  readonly log: Log
  readonly redact: Redact
}

/** An answer that has begun, and who gives it. */
export interface OpenedAnswer {
  readonly stream: ModelStream
  readonly target: Target
}

/**
 * Asks the targets in order until one begins to answer, each up to `maxAttempts` times. When none does, the failure is
 * the first one's, because that is the model that was asked for, and its message names the others'.
 * Rejects only with the reason of `signal`.
 */
export async function openAnswer(
  targets: readonly Target[],
  call: Omit<ModelCall, 'attempt'>,
  context: ModelContext & { readonly signal: AbortSignal },
): Promise<OpenedAnswer | ModelFailure> {
  const failures: ModelFailure[] = []
  for (const target of targets) {
    const answer = await askTarget(target, call, context)
    if ('stream' in answer) return answer
    failures.push(answer)
    if (answer.failure === 'fatal') break
  }
  const [first, ...others] = failures as [ModelFailure, ...ModelFailure[]]
  return { ...first, message: [first.message, ...others.map(({ message }) => `Its fall-back failed too: ${message}`)].join(' ') }
}

async function askTarget(
  target: Target,
  call: Omit<ModelCall, 'attempt'>,
  context: ModelContext & { readonly signal: AbortSignal },
): Promise<OpenedAnswer | ModelFailure> {
  const { models, settings, clock, log, signal } = context
  for (let attempt = 1; ; attempt++) {
    try {
      const model = await models.open(target)
      const stream = await openModelStream(model, { ...call, attempt }, { signal, clock, timeouts: settings.timeouts })
      if (stream.warnings.length > 0) log.debug({ target: target.name, warnings: stream.warnings }, 'a provider ignores part of what it was asked')
      return { stream, target }
    } catch (error) {
      signal.throwIfAborted()
      const failure = modelFailureOf(error, target, context)
      const waitMs = retryDelayMs(attempt, failure.retryAfterMs)
      const again = failure.failure === 'retryable' && attempt < settings.maxAttempts && waitMs <= MAX_WAIT_MS
      log.warn({ target: target.name, attempt, code: failure.code, ...(again && { waitMs }) }, again ? 'a model failed and is asked again' : 'a model failed')
      if (!again) return failure
      await clock.delay(waitMs, signal)
    }
  }
}
