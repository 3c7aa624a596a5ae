import { expect, test } from 'vitest'
import { inboundMessageOf, receivedEvent } from './inbound-message-of.ts'

const BOT = { appId: 'cli_1', openId: 'ou_bot' }
const read = (message: object, sender: object = {}) =>
  inboundMessageOf(
    receivedEvent.parse({
      sender: { sender_id: { open_id: 'ou_ada' }, sender_type: 'user', ...sender },
      message: {
        message_id: 'om_1',
        chat_id: 'oc_1',
        chat_type: 'group',
        message_type: 'text',
        create_time: '1750000000000',
        content: '{"text":"Hi"}',
        ...message,
      },
    }),
    BOT,
  )
const us = { key: '@_user_1', name: 'Talaria', id: { open_id: 'ou_bot' } }

test('a message in private is direct, and has its chat, sender and time', () => {
  expect(read({ chat_type: 'p2p' })).toEqual({
    address: { platform: 'feishu', account: 'ou_bot', chatId: 'oc_1', threadId: '' },
    kind: 'direct',
    messageId: 'om_1',
    sender: { id: 'ou_ada' },
    text: 'Hi',
    attachments: [],
    mentionsUs: false,
    sentAt: 1_750_000_000_000,
  })
})

test('we are mentioned by our id, whatever the name in the text', () => {
  expect(read({ content: '{"text":"@_user_1 /new now"}', mentions: [us] })).toMatchObject({ mentionsUs: true, text: '/new now' })
  const impostor = { key: '@_user_1', name: 'Talaria', id: { open_id: 'ou_other' } }
  expect(read({ content: '{"text":"@_user_1 hi"}', mentions: [impostor] })).toMatchObject({ mentionsUs: false, text: '@Talaria hi' })
  expect(read({ content: '{"text":"@Talaria @_user_1 ou_bot"}' })).toMatchObject({ mentionsUs: false, text: '@Talaria @_user_1 ou_bot' })
  expect(read({ content: '{"text":"@_all hi"}', mentions: [{ key: '@_all', name: 'all', id: null }] })?.mentionsUs).toBe(false)
})

test('names of several people are put where they were said', () => {
  const mentions = [us, { key: '@_user_12', name: 'Bob', id: { open_id: 'ou_bob' } }]
  expect(read({ content: '{"text":"@_user_12 and @_user_1"}', mentions })?.text).toBe('@Bob and')
})

test('a thread is called by the message that began it', () => {
  expect(read({ thread_id: 'omt_1', root_id: 'om_0', parent_id: 'om_0' })).toMatchObject({
    kind: 'thread',
    parentChatId: 'oc_1',
    address: { threadId: 'om_0' },
    replyTo: { messageId: 'om_0' },
  })
  expect(read({ thread_id: 'omt_1', chat_type: 'topic_group' })).toMatchObject({ address: { threadId: 'om_1' } })
  expect(read({ root_id: 'om_0', parent_id: 'om_0' })).toMatchObject({ kind: 'group', address: { threadId: '' } })
})

test('rich texts, pictures, files, voices and places are read', () => {
  const post = {
    title: 'T',
    content: [
      [
        { tag: 'text', text: 'See ' },
        { tag: 'a', text: 'this', href: 'https://a.example' },
      ],
      [{ tag: 'img', image_key: 'img_1' }],
    ],
  }
  expect(read({ message_type: 'post', content: JSON.stringify(post) })).toMatchObject({
    text: 'T\nSee [this](https://a.example)',
    attachments: [{ kind: 'image', ref: { messageId: 'om_1', key: 'img_1', type: 'image' } }],
  })
  const only = (type: string, content: object) => read({ message_type: type, content: JSON.stringify(content) })?.attachments
  expect(only('image', { image_key: 'k' })).toMatchObject([{ kind: 'image', ref: { key: 'k', type: 'image' } }])
  expect(only('file', { file_key: 'k', file_name: 'a.pdf' })).toMatchObject([{ kind: 'document', name: 'a.pdf', ref: { key: 'k', type: 'file' } }])
  expect(only('audio', { file_key: 'k' })).toMatchObject([{ kind: 'voice' }])
  expect(only('media', { file_key: 'k' })).toMatchObject([{ kind: 'video' }])
  expect(read({ message_type: 'location', content: '{"name":"Here","latitude":"1","longitude":"2"}' })?.text).toBe('Here: 1, 2')
})

test('other apps are bots; what nobody is vouched for, what we said ourselves and what says nothing is nothing', () => {
  expect(read({}, { sender_type: 'app' })?.sender).toEqual({ id: 'ou_ada', isBot: true })
  expect(read({}, { sender_id: null })).toBeUndefined()
  expect(read({}, { sender_id: { open_id: 'ou_bot' } })).toBeUndefined()
  expect(read({ message_type: 'share_chat', content: '{}' })).toBeUndefined()
})
