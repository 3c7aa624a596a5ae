import { messageOf, type Clock } from '@talaria/core'
import type { AgentSettings } from '../agent-settings.ts'
import { failureOf, type Failure } from '../failures.ts'
import type { Redact } from '../redact.ts'
import { PROVIDERS } from './providers.ts'
import { retryAfterMsOf } from './retry-delay.ts'
import { SCRIPTED, type Target } from './target.ts'

/** How a model failed, in the words of the failure table. */
export interface ModelFailure extends Pick<Failure, 'code' | 'failure'> {
  /** For people: names the model and what to do, and holds no secret. */
  readonly message: string
  /** How long the server asked to be left alone. */
  readonly retryAfterMs: number | undefined
}

/** How deep an error's causes are looked into. */
const MAX_CAUSES = 5

/** Finds the row of the failure table that an error of any origin belongs to, and writes its message. */
export function modelFailureOf(
  error: unknown,
  target: Target,
  context: { readonly settings: AgentSettings; readonly redact: Redact; readonly clock: Clock },
): ModelFailure {
  const causes = causesOf(error)
  const row = failureOf(causes.flatMap(keysOf))
  const provider = target.provider === SCRIPTED ? undefined : PROVIDERS[target.provider]
  const baseUrl = target.provider === SCRIPTED ? undefined : (context.settings.providers[target.provider].baseUrl ?? provider?.defaultBaseUrl)
  const values: Record<string, string> = {
    target: target.name,
    provider: provider?.title ?? 'The scripted model',
    where: baseUrl === undefined ? 'its address' : new URL(baseUrl).host,
    keyVariable: provider?.keyVariable ?? 'the key',
    urlVariable: provider?.urlVariable ?? 'the address',
    detail: context.redact(detailOf(error)).replace(/\.+$/, ''),
  }
  return {
    code: row.code,
    failure: row.failure,
    message: row.message.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? ''),
    retryAfterMs: causes.map((cause) => retryAfterMsOf(cause, context.clock.now())).find((ms) => ms !== undefined),
  }
}

function causesOf(error: unknown): readonly Record<string, unknown>[] {
  const causes: Record<string, unknown>[] = []
  for (let cause = error; typeof cause === 'object' && cause !== null && causes.length < MAX_CAUSES; cause = (cause as { cause?: unknown }).cause) {
    causes.push(cause as Record<string, unknown>)
  }
  return causes
}

/** What an error says about itself, the most telling first: a provider's code tells two kinds of 429 apart, its type is less sure than the status. */
function keysOf(error: Record<string, unknown>): readonly (number | string)[] {
  const body = bodyErrorOf(error)
  const status = [error['statusCode'], body?.['code'], error['code']].map(Number).find((value) => value >= 300 && value < 600)
  const statusClass = status && `${Math.floor(status / 100)}xx`
  return [body?.['code'], error['code'], status, statusClass, body?.['type'], error['type'], error['name']].filter(
    (key) => typeof key === 'string' || typeof key === 'number',
  )
}

/** OpenAI and Anthropic both answer a failed request with `{ error: { type, code?, message } }`. */
function bodyErrorOf(error: Record<string, unknown>): Record<string, unknown> | undefined {
  const body = (error['data'] as { error?: unknown } | undefined)?.error
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : undefined
}

function detailOf(error: unknown): string {
  if (error instanceof Error) return error.message
  const message = (error as { message?: unknown } | null)?.message
  return typeof message === 'string' ? message : messageOf(error)
}
