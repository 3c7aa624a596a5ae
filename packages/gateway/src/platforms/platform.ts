import type { PlatformState, PlatformStatus } from '@talaria/core/contracts'
import type { ChatAddress } from '../chats/chat-address.ts'
import type { InboundAttachment } from '../chats/inbound-message.ts'
import type { OutboundMessage } from '../chats/outbound-message.ts'
import type { Capabilities } from './capabilities.ts'

/** A way to reach the agent as the gateway sees it: it is started, stopped, and has a state. Building one opens nothing; only `start` does. */
export interface PlatformService extends AsyncDisposable {
  readonly name: string
  readonly status: PlatformStatus
  /** Connects, and resolves once it is connected or has said why it is not. Never rejects. */
  start(): Promise<void>
}

/** Whether a platform's settings let it be started; if not, why, in a sentence that names what to set. */
export type PlatformPlan =
  | { readonly state: 'ready' }
  | { readonly state: Extract<PlatformState, 'not_configured' | 'disabled' | 'misconfigured'>; readonly reason: string }

/**
 * A chat service that is connected. It holds nothing that its supervisor does not own, see `ConnectContext.resources`;
 * every method rejects with a `PlatformError` and ends early with its signal.
 */
export interface Platform {
  /** Whom we are there, such as the bot's id: part of every address. */
  readonly account: string
  readonly capabilities: Capabilities
  /** Sends one message. `unknown_outcome` when the request left and nobody answered: it may have arrived. */
  send(message: OutboundMessage, signal: AbortSignal): Promise<Sent>
  /** Replaces the text of a message of ours. Present when `capabilities.edits`. */
  edit?(address: ChatAddress, messageId: string, text: string, signal: AbortSignal): Promise<void>
  /** Shows for a few seconds that an answer is being written. Present when `capabilities.typing`. */
  typing?(address: ChatAddress, signal: AbortSignal): Promise<void>
  /** Sets (or with `undefined` takes away) our reaction. Present when `capabilities.reactions`. */
  react?(address: ChatAddress, messageId: string, emoji: string | undefined, signal: AbortSignal): Promise<void>
  /** Looks whether a message whose outcome is unknown arrived; `undefined` when it did not. Present where the platform can tell. */
  find?(message: OutboundMessage, signal: AbortSignal): Promise<Sent | undefined>
  /** Fetches an attachment; at most `maxBytes`, else `attachment_too_large`. Present when `capabilities.files`. */
  download?(attachment: InboundAttachment, options: { readonly maxBytes: number }, signal: AbortSignal): Promise<Uint8Array>
  /** Asks the service itself whether we are connected: not whether a socket is open. */
  probe(signal: AbortSignal): Promise<void>
}

/** That a message is there, by the platform's own word. */
export interface Sent {
  readonly messageId: string
}
