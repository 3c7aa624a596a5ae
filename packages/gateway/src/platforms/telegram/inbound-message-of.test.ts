import type { Message } from 'grammy/types'
import { expect, test } from 'vitest'
import { inboundMessageOf } from './inbound-message-of.ts'

const BOT = { id: 7, username: 'talaria_bot' }
const GROUP = { id: -100, type: 'supergroup', title: 'Engineers' }
const read = (message: object, kind = 'message') =>
  inboundMessageOf(
    {
      update_id: 1,
      [kind]: { message_id: 5, date: 1_750_000_000, chat: GROUP, from: { id: 42, is_bot: false, first_name: 'Ada', last_name: 'L' }, ...message },
    },
    BOT,
  )
const ours: Partial<Message> = { message_id: 3, date: 1, from: { id: 7, is_bot: true, first_name: 'Talaria' }, text: 'Earlier' }

test('a message in private is direct, and has its chat, sender and time', () => {
  expect(read({ text: 'Hi', chat: { id: 42, type: 'private', first_name: 'Ada' } })).toEqual({
    address: { platform: 'telegram', account: '7', chatId: '42', threadId: '' },
    kind: 'direct',
    chatName: 'Ada',
    messageId: '5',
    sender: { id: '42', name: 'Ada L' },
    text: 'Hi',
    attachments: [],
    mentionsUs: false,
    sentAt: 1_750_000_000_000,
  })
})

test('a topic of a forum is a thread; the thread of replies in an ordinary group is none', () => {
  expect(read({ text: 'x', is_topic_message: true, message_thread_id: 9 })).toMatchObject({ kind: 'thread', parentChatId: '-100', address: { threadId: '9' } })
  expect(read({ text: 'x', message_thread_id: 9 })).toMatchObject({ kind: 'group', address: { threadId: '' } })
})

test('a reply to us is a mention of us, a reply to another is not, and a topic is no reply', () => {
  expect(read({ text: 'x', reply_to_message: ours, quote: { text: 'Ear', position: 0 } })).toMatchObject({
    mentionsUs: true,
    replyTo: { messageId: '3', text: 'Ear', isOurs: true },
  })
  expect(read({ text: 'x', reply_to_message: { ...ours, from: { id: 8, is_bot: true, first_name: 'Talaria', username: 'talaria_bot' } } })).toMatchObject({
    mentionsUs: false,
    replyTo: { isOurs: false },
  })
  expect(read({ text: 'x', reply_to_message: { ...ours, forum_topic_created: { name: 'T', icon_color: 1 } } })).not.toHaveProperty('replyTo')
})

test('who writes as a chat is that chat and no person', () => {
  const admin = { from: { id: 1087968824, is_bot: true, first_name: 'Group', username: 'GroupAnonymousBot' }, sender_chat: GROUP }
  expect(read({ text: 'x', ...admin })?.sender).toEqual({ id: '-100', name: 'Engineers' })
  expect(read({ text: 'x', from: undefined, chat: { id: -200, type: 'channel', title: 'News' } }, 'channel_post')).toMatchObject({
    kind: 'channel',
    sender: { id: '-200', name: 'News' },
  })
  expect(read({ text: 'x', from: { id: 9, is_bot: true, first_name: 'Other' } })?.sender).toEqual({ id: '9', name: 'Other', isBot: true })
})

test('files come with what their download needs; of a photo the largest', () => {
  const photo = [
    { file_id: 'small', file_unique_id: 'a', width: 1, height: 1 },
    { file_id: 'large', file_unique_id: 'b', width: 2, height: 2, file_size: 9 },
  ]
  expect(read({ photo, caption: 'Look', media_group_id: 'album' })).toMatchObject({
    text: 'Look',
    albumId: 'album',
    attachments: [{ kind: 'image', mediaType: 'image/jpeg', size: 9, ref: { fileId: 'large' } }],
  })
  expect(read({ voice: { file_id: 'v', file_unique_id: 'v', duration: 1, mime_type: 'audio/ogg' } })?.attachments).toEqual([
    { kind: 'voice', mediaType: 'audio/ogg', ref: { fileId: 'v' } },
  ])
  const animation = { file_id: 'g', file_unique_id: 'g', mime_type: 'video/mp4' }
  expect(read({ animation, document: animation })?.attachments).toHaveLength(1)
})

test('places and stickers are put into words', () => {
  expect(read({ location: { latitude: 51.5, longitude: -0.1 } })?.text).toBe('Location: 51.5, -0.1')
  expect(read({ sticker: { file_id: 's', file_unique_id: 's', emoji: '🚀', is_animated: true } })).toMatchObject({ text: '🚀', attachments: [] })
})

test('edits, our own messages and what nobody said are nothing', () => {
  expect(read({ text: 'x' }, 'edited_message')).toBeUndefined()
  expect(read({ text: 'x', from: { id: 7, is_bot: true, first_name: 'Talaria' } })).toBeUndefined()
  expect(read({ new_chat_members: [] })).toBeUndefined()
})
