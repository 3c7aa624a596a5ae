import type { Session } from '@talaria/db'
import type { Tier } from '../chats/authorize-verdict.ts'
import type { ArgumentsOf, ArgumentSpec } from './arguments.ts'
import type { CommandReply } from './command-reply.ts'
import type { CommandServices } from './command-services.ts'
import type { CommandPlace } from './command-place.ts'

/** Under which heading help lists a command. */
export type CommandCategory = 'conversation' | 'while it answers' | 'choices' | 'overview' | 'operation'

/** A command as it is written down: for help, completion and the documentation, and what it does. */
export interface Command<Spec extends ArgumentSpec = ArgumentSpec> {
  readonly name: string
  readonly aliases: readonly string[]
  readonly category: CommandCategory
  /** What it does, in a sentence. */
  readonly help: string
  readonly arguments: Spec
  /** Who may use it. */
  readonly tier: Tier
  /** Whether it may run while an answer is being written. */
  readonly whileBusy: boolean
  /** Why it works in chats only; absent when it works over HTTP as well. */
  readonly chatsOnly?: string
  run(invocation: Invocation<ArgumentsOf<Spec>>): Promise<CommandReply>
}

/** One use of a command. */
export interface Invocation<Arguments> {
  readonly args: Arguments
  readonly tier: Tier
  /** Where it was typed, and which conversation it is about. */
  readonly place: CommandPlace
  readonly services: CommandServices
  /** What commands begin with there, for replies that name one. */
  readonly prefix: '/' | '!'
}

/** An invocation of a command that is about a conversation which has begun. */
export interface SessionInvocation<Arguments> extends Invocation<Arguments> {
  readonly session: Session
}

type Written<Spec extends ArgumentSpec> = Pick<Command<Spec>, 'name' | 'category' | 'help' | 'run'> &
  Partial<Pick<Command<Spec>, 'aliases' | 'tier' | 'whileBusy' | 'chatsOnly' | 'arguments'>>

/** A command with what it does not say: no arguments, for everybody, not while an answer is being written. */
export function defineCommand<Spec extends ArgumentSpec = Record<string, never>>(command: Written<Spec>): Command {
  return { aliases: [], tier: 'user', whileBusy: false, arguments: {} as Spec, ...command } as unknown as Command
}

/** Does something with the conversation, or says that it has not begun. */
export function inSession<Arguments>(run: (invocation: SessionInvocation<Arguments>) => Promise<CommandReply>) {
  return async (invocation: Invocation<Arguments>): Promise<CommandReply> => {
    const session = await invocation.place.session()
    return session ? run({ ...invocation, session }) : { text: 'Nothing has been said here yet.' }
  }
}
