import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sessionKeyOf, type SessionSharing } from './session-key.ts'

const place = { platform: 'twin', account: 'bot', chatId: 'room', threadId: '' }
const keyOf = (kind: 'direct' | 'group' | 'thread', user: string, options: { threadId?: string; sharing?: SessionSharing } = {}) =>
  sessionKeyOf({ address: { ...place, threadId: options.threadId ?? '' }, kind, sender: { id: user } }, options.sharing)

describe('sessionKeyOf', () => {
  it('gives a direct chat one conversation, whoever the platform says writes', () => {
    expect(keyOf('direct', 'ada')).toBe(keyOf('direct', 'ada@phone'))
  })

  it('gives everybody in a group a conversation of their own, and all in a thread one together', () => {
    expect(keyOf('group', 'ada')).not.toBe(keyOf('group', 'bob'))
    expect(keyOf('thread', 'ada', { threadId: 't' })).toBe(keyOf('thread', 'bob', { threadId: 't' }))
  })

  it('can be told to share groups and to part threads', () => {
    const sharing: SessionSharing = { groups: 'shared', threads: 'per_user' }
    expect(keyOf('group', 'ada', { sharing })).toBe(keyOf('group', 'bob', { sharing }))
    expect(keyOf('thread', 'ada', { threadId: 't', sharing })).not.toBe(keyOf('thread', 'bob', { threadId: 't', sharing }))
  })

  it('never gives two places one key, whatever their ids hold', () => {
    const part = fc.stringMatching(/^[:%3A25a]{0,6}$/)
    const places = fc.record({ platform: part, account: part, chatId: part, threadId: part, user: part })
    fc.assert(
      fc.property(places, places, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other))
        const key = ({ user, ...address }: typeof one) =>
          sessionKeyOf({ address, kind: 'group', sender: { id: user } }, { groups: 'per_user', threads: 'per_user' })
        expect(key(one)).not.toBe(key(other))
      }),
    )
  })
})
