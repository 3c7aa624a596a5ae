import type { MessageEntity } from 'grammy/types'
import { expect, test } from 'vitest'
import { addressedText } from './addressed-text.ts'

const BOT = { id: 7, username: 'talaria_bot' }
const at = (text: string, words: string, type: string) => ({ type, offset: text.indexOf(words), length: words.length }) as MessageEntity
const read = (text: string, ...entities: MessageEntity[]) => addressedText(text, entities, BOT)

test('a mention is what Telegram marks as one, in any case, wherever it stands', () => {
  expect(read('Hello @Talaria_Bot!', at('Hello @Talaria_Bot!', '@Talaria_Bot', 'mention'))).toEqual({ text: 'Hello @Talaria_Bot!', mentionsUs: true })
  expect(read('👩‍🚀 @talaria_bot', at('👩‍🚀 @talaria_bot', '@talaria_bot', 'mention')).mentionsUs).toBe(true)
  const named = { ...at('Tal, hi', 'Tal', 'text_mention'), user: { id: 7, is_bot: true, first_name: 'Tal' } } as MessageEntity
  expect(read('Tal, hi', named).mentionsUs).toBe(true)
})

test('our name is no mention in code, in plain text, in a longer name, or when it names another', () => {
  expect(read('@talaria_bot').mentionsUs).toBe(false)
  expect(read('@talaria_bot', at('@talaria_bot', '@talaria_bot', 'code')).mentionsUs).toBe(false)
  expect(read('@talaria_bot2', at('@talaria_bot2', '@talaria_bot2', 'mention')).mentionsUs).toBe(false)
  const other = { ...at('Talaria', 'Talaria', 'text_mention'), user: { id: 8, is_bot: false, first_name: 'Talaria' } } as MessageEntity
  expect(read('Talaria', other).mentionsUs).toBe(false)
})

test('our name goes where it stands first or belongs to a command, so that commands are read as such', () => {
  expect(read('@talaria_bot /new now', at('@talaria_bot /new now', '@talaria_bot', 'mention'))).toEqual({ text: '/new now', mentionsUs: true })
  expect(read('/new@talaria_bot now', at('/new@talaria_bot now', '/new@talaria_bot', 'bot_command'))).toEqual({ text: '/new now', mentionsUs: true })
})

test('a command for another bot is not for us, one without a name is', () => {
  expect(read('/new@other_bot', at('/new@other_bot', '/new@other_bot', 'bot_command'))).toEqual({ text: '/new@other_bot', mentionsUs: false })
  expect(read('/new', at('/new', '/new', 'bot_command')).mentionsUs).toBe(true)
  expect(read('see /new', at('see /new', '/new', 'bot_command')).mentionsUs).toBe(false)
})
