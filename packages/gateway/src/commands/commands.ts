import { codeOf, createId, messageOf } from '@talaria/core'
import type { Session, Viewer } from '@talaria/db'
import { ApiError } from '../api/api-error.ts'
import type { Tier } from '../chats/authorize-verdict.ts'
import type { InboundMessage } from '../chats/inbound-message.ts'
import { readArguments } from './arguments.ts'
import { chatPlace, sessionPlace, type CommandPlace } from './command-place.ts'
import type { CommandContext, CommandDocument, CommandReply } from './command-reply.ts'
import type { CommandServices } from './command-services.ts'
import { signature } from './introduction-commands.ts'
import { parseCommand } from './parse-command.ts'
import { plainAnswer } from './plain-answer.ts'
import { closestCommand, findCommand } from './registry.ts'
import { runningTurns } from './running-turns.ts'

/** Who gives a command over HTTP. */
export interface CommandCaller {
  readonly owner: string
  readonly viewer: Viewer
  readonly tier: Tier
}

/** Recognises commands and runs them. */
export interface Commands {
  /** The reply to a message that is a command; `undefined` when it is one for the agent. Never rejects for what a command does. */
  dispatch(message: InboundMessage, context: CommandContext): Promise<CommandReply | undefined>
  /** The command that a message stands for though it is not written as one, such as "yes" to a tool that asks; `undefined` for all others. */
  implied(message: InboundMessage, context: CommandContext): Promise<string | undefined>
  /** The same as `dispatch` for a text about a session. */
  dispatchForSession(text: string, session: Session, caller: CommandCaller): Promise<CommandReply | undefined>
}

/** Makes what runs commands. Opens nothing. */
export function createCommands(services: CommandServices): Commands {
  return {
    async dispatch(message, context) {
      // What a stranger wrote into an issue is not an order of whoever set the webhook up.
      if (message.isVouchedFor) return undefined
      return run(message.text, { ...context, place: chatPlace(services.stores, message, context), services })
    },
    async implied(message, context) {
      if (message.isVouchedFor) return undefined
      const answer = await plainAnswer(message, chatPlace(services.stores, message, context), services)
      return answer && `${context.prefix}${answer}`
    },
    async dispatchForSession(text, session, { tier, ...caller }) {
      return run(text, { tier, prefix: '/', place: sessionPlace(services.stores, session, caller), services })
    },
  }
}

interface Call {
  readonly tier: Tier
  readonly prefix: '/' | '!'
  readonly place: CommandPlace
  readonly services: CommandServices
}

async function run(text: string, { tier, prefix, place, services }: Call): Promise<CommandReply | undefined> {
  const parsed = parseCommand(text, prefix)
  if (!parsed) return undefined
  const command = findCommand(parsed.name)
  if (!command) {
    const closest = closestCommand(parsed.name)
    return { text: `There is no command ${prefix}${parsed.name}.${closest ? ` Did you mean ${prefix}${closest}?` : ''} ${prefix}commands lists them.` }
  }
  if ('reason' in command) return { text: `${prefix}${command.name} does nothing here. ${command.reason}` }
  if (command.chatsOnly && !place.chat) return { text: `${prefix}${command.name} is for chats: ${command.chatsOnly}.` }
  if (command.tier === 'admin' && tier !== 'admin') return { text: `${prefix}${command.name} is for admins.` }
  const args = readArguments(command.arguments, parsed.line)
  if (!args) return { text: `That is not how it is written: ${signature(command, prefix)}` }
  try {
    if (!command.whileBusy && (await isBusy(place, services))) return { text: `Not while an answer is being written. ${prefix}stop ends it.` }
    const reply = await command.run({ args, tier, prefix, place, services })
    return place.chat && reply.document ? await withFile(reply, reply.document, services) : reply
  } catch (error) {
    return { text: sentenceOf(error, command.name, services) }
  }
}

async function isBusy(place: CommandPlace, services: CommandServices): Promise<boolean> {
  const session = await place.session()
  return session !== undefined && (await runningTurns(services, session.id)).length > 0
}

async function withFile(
  { document: _, ...reply }: CommandReply,
  { name, mediaType, text }: CommandDocument,
  { files }: CommandServices,
): Promise<CommandReply> {
  const path = await files.keep({ kind: 'document', name }, new TextEncoder().encode(text))
  return { ...reply, attachments: [{ kind: 'document', path, name, mediaType }] }
}

/** What we refuse on purpose says why; for anything else there is an id to look up in the log. */
function sentenceOf(error: unknown, command: string, { log }: CommandServices): string {
  if (error instanceof ApiError) return messageOf(error)
  const id = createId('err')
  log.error({ err: error, command, error_id: id }, 'a command failed')
  return `That failed (${codeOf(error) ?? 'server_error'}, ${id}).`
}
