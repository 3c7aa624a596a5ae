import { optional, usageOf, word } from './arguments.ts'
import type { CommandReply } from './command-reply.ts'
import { defineCommand, type Command, type Invocation } from './command.ts'

/** What a newcomer types. `all` is every command, these included. */
export function introductionCommands(all: () => readonly Command[]): readonly Command[] {
  return [
    defineCommand({
      name: 'start',
      category: 'overview',
      help: 'Say hello.',
      whileBusy: true,
      run: async ({ prefix }) => ({ text: `Hello. Write to me as you would to a colleague; ${prefix}help shows what else there is.` }),
    }),
    defineCommand({
      name: 'help',
      category: 'overview',
      help: 'Show the commands, or one of them.',
      arguments: { command: optional(word()) },
      whileBusy: true,
      run: async (invocation) => help(invocation, all()),
    }),
    defineCommand({
      name: 'commands',
      category: 'overview',
      help: 'List every command with what it takes.',
      whileBusy: true,
      run: async (invocation) => ({ text: listed(invocation, all(), (command) => `${signature(command, invocation.prefix)}: ${command.help}`) }),
    }),
    defineCommand({
      name: 'whoami',
      category: 'overview',
      help: 'Show how you are known here, and which commands you may use.',
      whileBusy: true,
      async run({ place, tier }) {
        const { chat } = place
        const name = chat ? `${place.source} user ${chat.message.sender.id} in chat ${chat.address.chatId}` : place.owner
        return { text: `You are ${name}. You may use ${tier === 'admin' ? 'all commands' : 'the commands that change nothing for others'}.` }
      },
    }),
  ]
}

/** A command with its arguments, as it is typed. */
export function signature(command: Pick<Command, 'name' | 'arguments'>, prefix: '/' | '!'): string {
  return `${prefix}${command.name} ${usageOf(command.arguments)}`.trim()
}

function help(invocation: Invocation<{ readonly command: string | undefined }>, all: readonly Command[]): CommandReply {
  const { args, prefix } = invocation
  if (args.command === undefined) return { text: `${listed(invocation, all, ({ name }) => prefix + name)}\n\n${prefix}help with a name tells more of one.` }
  const wanted = args.command.replace(/^[/!]/, '').toLowerCase()
  const command = all.find(({ name, aliases }) => name === wanted || aliases.includes(wanted))
  if (!command) return { text: `There is no command ${prefix}${wanted}. ${prefix}commands lists them.` }
  const also = command.aliases.length > 0 ? `\nAlso: ${command.aliases.map((alias) => prefix + alias).join(', ')}` : ''
  return { text: `${signature(command, prefix)}\n${command.help}${also}` }
}

/** Those that may be used here, by whoever asks. */
function listed({ tier, place }: Invocation<unknown>, all: readonly Command[], show: (command: Command) => string): string {
  const usable = all.filter((command) => (tier === 'admin' || command.tier === 'user') && (place.chat || !command.chatsOnly))
  const categories = Map.groupBy(usable, ({ category }) => category)
  const isLong = usable.some((command) => show(command).includes(':'))
  return [...categories]
    .map(([category, commands]) => {
      const heading = `${category[0]!.toUpperCase()}${category.slice(1)}`
      return isLong ? `**${heading}**\n${commands.map((command) => `- ${show(command)}`).join('\n')}` : `**${heading}**: ${commands.map(show).join(', ')}`
    })
    .join(isLong ? '\n\n' : '\n')
}
