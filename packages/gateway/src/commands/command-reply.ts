import type { OutboundAttachment } from '../chats/outbound-message.ts'
import type { Tier } from '../chats/authorize-verdict.ts'

/** What the reception knows of a message by the time a command in it is looked for. */
export interface CommandContext {
  /** The conversation that the message belongs to. */
  readonly sessionKey: string
  /** With what the sessions of this conversation are marked; commands see no others. */
  readonly owner: string
  readonly tier: Tier
  /** What commands begin with on this platform. */
  readonly prefix: '/' | '!'
}

/** What a command says, and what is to happen because of it. */
export interface CommandReply {
  /** Markdown, for who typed the command. */
  readonly text: string
  /** Files that go with it. */
  readonly attachments?: readonly OutboundAttachment[]
  /** A text that goes with it as a file; in a chat it becomes one of the attachments. */
  readonly document?: CommandDocument
  /** What the agent is asked now, as if it had been written in the chat. */
  readonly ask?: AskedByCommand
  /** The session in which the conversation goes on, where the command has moved it. */
  readonly sessionId?: string
}

/** A message for the agent that a command makes. It waits for its turn, whatever the chat's busy mode. */
export interface AskedByCommand {
  readonly text: string
  /** Another conversation than the one the command was typed in: a prompt that runs beside it and answers in the same chat. */
  readonly sessionKey?: string
}

/** A text that is given as a file. */
export interface CommandDocument {
  readonly name: string
  readonly mediaType: string
  readonly text: string
}
