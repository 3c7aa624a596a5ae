import type { Clock, Log } from '@talaria/core'
import type { SettingsOf, SettingsTable } from '@talaria/core/config'
import type { InboundMessage } from '../chats/inbound-message.ts'
import type { Platform, PlatformPlan } from './platform.ts'
import type { PlatformError } from './platform-error.ts'

/** What a platform is before anything of it is loaded: its settings, and how to begin. Its library is imported by `connect`. */
export interface PlatformDefinition<Table extends SettingsTable = SettingsTable> {
  /** As in addresses and settings: `telegram`. */
  readonly name: string
  /** As people write it: `Telegram`. */
  readonly label: string
  readonly settings: Table
  plan(settings: SettingsOf<Table>): PlatformPlan
  /**
   * Which account it is, as far as settings tell: of the gateways of one home one is connected to it at a time. Never a
   * secret, see `fingerprintOf`. `undefined` for one that several gateways may have at once.
   */
  accountOf(settings: SettingsOf<Table>): string | undefined
  /**
   * Makes one attempt to connect; resolves when the service itself has accepted us. Whatever it opens goes on
   * `context.resources` in the same breath. @throws PlatformError
   */
  connect(settings: SettingsOf<Table>, context: ConnectContext): Promise<Platform>
}

/** What an attempt is given. Everything in it belongs to the attempt, and is gone with it. */
export interface ConnectContext {
  /** Owned by the supervisor from before the first line of `connect`; disposed when the attempt fails, is over, or is given up. */
  readonly resources: AsyncDisposableStack
  /** Aborts when the attempt is over. */
  readonly signal: AbortSignal
  /**
   * Takes a message in. When it resolves the message is on disk (or is a duplicate, or was refused), and only then is the
   * platform told that it arrived. Rejects when it could not be written: the platform is to send it again.
   */
  receive(message: InboundMessage): Promise<Reception>
  /** The connection has died of this; the supervisor makes another attempt, or not, by the code. */
  lost(error: PlatformError): void
  /** Connected, but not all of it works; `undefined` when all does again. */
  degraded(reason: string | undefined): void
  /** Answers requests below `/platforms/<name>/` on the gateway's own listener while the attempt lives. */
  mount(fetch: (request: Request) => Response | Promise<Response>): void
  readonly clock: Clock
  readonly log: Log
}

/** What became of a message that came in. */
export type Reception = 'accepted' | 'duplicate' | 'refused' | 'ignored'

/** A definition as it is written down; checks that `plan` and `connect` use its own settings. */
export function definePlatform<Table extends SettingsTable>(definition: PlatformDefinition<Table>): PlatformDefinition<Table> {
  return definition
}
