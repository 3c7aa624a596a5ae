import type { MessageEntity } from 'grammy/types'

/** Who we are on Telegram. */
export interface BotIdentity {
  readonly id: number
  readonly username: string
}

/** What was written to us, and whether it was to us. */
export interface AddressedText {
  readonly text: string
  readonly mentionsUs: boolean
}

/**
 * Whether Telegram's own entities name us, and the text without our name where it stands first (`@bot /new`) or belongs
 * to a command (`/new@bot`). A name in the text that no entity vouches for, as within code, is just text.
 */
export function addressedText(text: string, entities: readonly MessageEntity[], bot: BotIdentity): AddressedText {
  let mentionsUs = false
  let clean = text
  // From the end, so that what is cut does not move what is still to come.
  for (const entity of entities.toSorted((one, other) => other.offset - one.offset)) {
    const { offset, length } = entity
    const words = text.slice(offset, offset + length)
    const isOurs = entity.type === 'text_mention' ? entity.user.id === bot.id : entity.type === 'mention' && isOurName(words.slice(1), bot)
    if (isOurs) {
      mentionsUs = true
      if (text.slice(0, offset).trim() === '') clean = clean.slice(offset + length).trimStart()
    }
    if (entity.type !== 'bot_command') continue
    const [command = '', name] = words.split('@')
    // A command without a name is for every bot that hears it.
    if (name === undefined) mentionsUs ||= offset === 0
    else if (isOurName(name, bot)) {
      mentionsUs = true
      clean = clean.slice(0, offset) + command + clean.slice(offset + length)
    }
  }
  return { text: clean, mentionsUs }
}

function isOurName(name: string, bot: BotIdentity): boolean {
  return name.toLowerCase() === bot.username.toLowerCase()
}
