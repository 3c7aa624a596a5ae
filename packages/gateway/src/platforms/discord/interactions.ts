import {
  ApplicationCommandOptionType,
  ApplicationCommandType,
  InteractionResponseType,
  InteractionType,
  MessageFlags,
  Routes,
  type APIInteraction,
  type APIUser,
  type REST,
} from 'discord.js'
import type { InboundMessage } from '../../chats/inbound-message.ts'
import type { DiscordContext } from './discord-context.ts'
import { isListenedTo, placeOf } from './inbound-message-of.ts'

const ARGUMENTS = 'arguments'

/** A slash command that Discord offered, as the text that somebody could have typed; it is answered within its three seconds. */
export async function takeInteraction(interaction: APIInteraction, context: DiscordContext): Promise<void> {
  if (interaction.type !== InteractionType.ApplicationCommand || interaction.data.type !== ApplicationCommandType.ChatInput) return
  const { us, rest, channels, settings, receive } = context
  const { id, token, guild_id: guildId, channel, member, data } = interaction
  const user: APIUser | undefined = member?.user ?? interaction.user
  if (!user || !channel) return
  const where = { channel_id: channel.id, ...(guildId !== undefined && { guild_id: guildId }) }
  const place = placeOf(where, guildId === undefined ? undefined : await channels.find(channel.id))
  const given = data.options?.find(({ name }) => name === ARGUMENTS)
  const text = `/${data.name}${given?.type === ApplicationCommandOptionType.String ? ` ${given.value}` : ''}`
  const message: InboundMessage = {
    address: { platform: 'discord', account: us, chatId: place.chatId, threadId: place.threadId },
    kind: place.kind,
    ...(place.threadId !== '' && { parentChatId: place.chatId }),
    messageId: id,
    sender: { id: user.id, name: user.global_name ?? user.username, isBot: user.bot === true, ...(member && { roles: [...member.roles] }) },
    text,
    attachments: [],
    mentionsUs: true,
    sentAt: context.clock.now(),
  }
  const isHeard = guildId === undefined || isListenedTo([place.chatId, place.threadId], settings)
  const isTaken = isHeard && ['accepted', 'duplicate'].includes(await receive(message))
  const content = isTaken ? `\`${text.replaceAll('`', "'")}\`` : 'You may not do this here.'
  const body = {
    type: InteractionResponseType.ChannelMessageWithSource,
    data: { content: content.slice(0, 2_000), allowed_mentions: { parse: [] }, ...(isTaken ? {} : { flags: MessageFlags.Ephemeral }) },
  }
  // It is a courtesy: the command itself has been taken in.
  await rest.post(Routes.interactionCallback(id, token), { body, auth: false }).catch((error: unknown) => {
    context.log.warn({ err: error, platform: 'discord' }, 'A slash command of Discord was taken in but not answered.')
  })
}

/** Tells Discord which commands to offer, when it does not know already: it allows few changes a day. */
export async function offerCommands(rest: REST, applicationId: string, names: readonly string[]): Promise<void> {
  const wanted = names.map((name) => ({
    name,
    type: ApplicationCommandType.ChatInput,
    description: `Talaria: /${name}`,
    options: [{ type: ApplicationCommandOptionType.String, name: ARGUMENTS, description: 'What follows the command', required: false }],
  }))
  const known = (await rest.get(Routes.applicationCommands(applicationId))) as readonly { readonly name: string }[]
  const isSame = known.length === names.length && known.every(({ name }) => names.includes(name))
  if (!isSame) await rest.put(Routes.applicationCommands(applicationId), { body: wanted })
}
