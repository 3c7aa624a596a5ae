import type { IncomingMessage } from 'node:http'
import { startLoop } from '@talaria/core'
import type { ConnectContext } from '../definition.ts'
import { PlatformError } from '../platform-error.ts'
import { linesOf } from './lines-of.ts'
import type { NtfyClient } from './ntfy-client.ts'
import { ntfyErrorOf } from './ntfy-error.ts'
import { inboundOfNtfy, isOurs, ntfyEvent, type NtfyEvent } from './ntfy-message.ts'

/** Servers say something every 45 s; after three times that there is nobody. */
const SILENCE_MS = 150_000
const CHECK_MS = 30_000

export interface NtfySubscriptionOptions {
  readonly client: NtfyClient
  readonly account: string
  readonly topic: string
  /** How far back the server's memory is asked for; what we have already is a duplicate then. */
  readonly catchUpMs: number
  readonly context: ConnectContext
}

/** Takes in what is published on a topic; resolves once the server has opened the stream. All of it is on the context's resources. */
export async function subscribeToNtfy({ client, account, topic, catchUpMs, context }: NtfySubscriptionOptions): Promise<void> {
  const { clock, log, signal, resources } = context
  const since = Math.floor((clock.now() - catchUpMs) / 1_000)
  const stream = resources.adopt(
    await client.open(`${encodeURIComponent(topic)}/json?since=${since}`, { isRepeatable: true }, signal),
    (response: IncomingMessage) => void response.destroy(),
  )
  let heardAt = clock.monotonic()
  const opened = Promise.withResolvers<void>()

  const take = async (event: NtfyEvent) => {
    if (event.event === 'open') opened.resolve()
    if (event.event === 'message' && !isOurs(event)) await context.receive(inboundOfNtfy(event, { account, server: client.server }))
  }
  const read = async () => {
    for await (const line of linesOf(stream)) {
      heardAt = clock.monotonic()
      const event = ntfyEvent.safeParse(jsonOf(line))
      if (event.success) await take(event.data)
      else log.warn({ topic, bytes: line.length }, 'a line of ntfy that is no message was left out')
    }
    throw new PlatformError('connection_lost', 'The ntfy server ended the stream.')
  }

  const reading = read().catch((error: unknown) => {
    const failure = signal.aborted ? new PlatformError('connection_lost', 'The attempt is over.') : ntfyErrorOf(error)
    opened.reject(failure)
    context.lost(failure)
  })
  resources.defer(async () => {
    stream.destroy()
    await reading
  })
  resources.use(
    startLoop({
      name: 'ntfy liveness',
      everyMs: CHECK_MS,
      firstAfterMs: CHECK_MS,
      clock,
      log,
      step: async () => {
        if (clock.monotonic() - heardAt > SILENCE_MS) context.lost(new PlatformError('connection_lost', 'The ntfy server has fallen silent.'))
      },
    }),
  )
  await opened.promise
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
