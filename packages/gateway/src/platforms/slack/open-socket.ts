import { SocketModeReceiver } from '@slack/bolt'
import type { ConnectContext } from '../definition.ts'
import type { HttpClient } from '../http-client.ts'
import { PlatformError } from '../platform-error.ts'
import type { SlackMessage } from './inbound-message-of.ts'
import { clientOptionsOf, silence } from './slack-api.ts'
import { slackErrorOf } from './slack-error.ts'
import type { SlackCommand, SlackIntake } from './slack-intake.ts'
import type { SlackSettings } from './slack-settings.ts'

const FAREWELL_MS = 1_000

/** What comes over the socket, as much of it as we read. */
interface Envelope {
  readonly type: string
  readonly body: { readonly event?: SlackMessage } & Partial<SlackCommand>
  ack(response?: object): Promise<void>
}

export interface SocketOptions {
  readonly appToken: string
  readonly settings: SlackSettings
  readonly http: HttpClient
  readonly context: ConnectContext
  readonly intake: SlackIntake
}

/**
 * Connects by socket mode; resolves when Slack has said hello. Both sides ping; a socket that is silent, or that Slack takes
 * back as it does every few hours, ends the attempt, and what was not acknowledged comes again over the next.
 * @throws PlatformError
 */
export async function openSocket({ appToken, settings, http, context, intake }: SocketOptions): Promise<void> {
  const { resources, signal, clock, log, lost } = context
  const { client } = new SocketModeReceiver({
    appToken,
    // Its reconnecting knows no end, and a failure of it is an unhandled rejection.
    autoReconnectEnabled: false,
    logger: silence,
    installerOptions: { clientOptions: clientOptionsOf(settings.slackApiRoot, http, signal) },
  })
  client.on('slack_event', (envelope: Envelope) => {
    take(envelope, intake).catch((error: unknown) => {
      // Slack sends it again when nothing acknowledges it.
      log.warn({ err: error, platform: 'slack' }, 'Something that Slack sent was not taken in.')
    })
  })
  client.on('connecting', () => {
    // Given up while Slack was asked where to connect: the library would connect all the same.
    if (signal.aborted) throw new PlatformError('connection_lost', 'The attempt was given up.')
  })
  resources.defer(async () => {
    const closed = client.disconnect()
    const done = new AbortController()
    // Asked twice, it does not wait for the other side any more.
    const farewell = clock.delay(FAREWELL_MS, done.signal).then(
      () => void client.disconnect(),
      () => {},
    )
    await closed
    done.abort()
    await farewell
  })
  try {
    await client.start()
  } catch (error) {
    throw error instanceof Error ? slackErrorOf(error) : new PlatformError('connection_lost', 'Slack closed the socket before it said hello.')
  }
  client.on('disconnected', () => lost(new PlatformError('connection_lost', 'Slack closed the socket.')))
}

async function take({ type, body, ack }: Envelope, intake: SlackIntake): Promise<void> {
  if (type === 'events_api' && body.event) {
    await intake.event(body.event)
    return ack()
  }
  if (type === 'slash_commands') return ack(await intake.command(body as SlackCommand))
  await ack()
}
