import { createLog, silentLog } from '@talaria/core'
import { loadSettings } from '@talaria/core/config'
import { FakeClock } from '@talaria/core/testing'
import { checkForLeaks, openTestDatabases, temporaryHome } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { Pairing } from '../pairing/pairing.ts'
import { allowedIds } from '../platforms/allowed-ids.ts'
import { chatSettings } from '../platforms/chat-settings.ts'
import { gatewaySettings } from '../settings.ts'
import { BotLoops } from './authorize-bot-loops.ts'
import { DenialCounts } from './authorize-denials.ts'
import { accessPolicyOf } from './authorize-policy.ts'
import { createAuthorize } from './authorize.ts'
import type { InboundMessage } from './inbound-message.ts'

checkForLeaks()

const { gatewayAllowedUsers, gatewayAllowAllUsers } = gatewaySettings
const table = {
  gatewayAllowedUsers,
  gatewayAllowAllUsers,
  ...chatSettings('twin', 'TWIN', 'Twin'),
  twinAllowedRoles: { env: 'TWIN_ALLOWED_ROLES', schema: allowedIds('role', 'TWIN_ALLOW_ALL_USERS'), fallback: [], help: 'Roles.' },
}

const load = async (env: Readonly<Record<string, string>>) => {
  using home = temporaryHome()
  return loadSettings(table, { env, home: home.path })
}

async function openDoor(env: Readonly<Record<string, string>> = {}) {
  const clock = new FakeClock()
  const settings = await load(env)
  const open = openTestDatabases({ clock })
  const denials = new DenialCounts()
  const lines: string[] = []
  const log = createLog('test', { clock, destination: { write: (line) => void lines.push(line) } })
  const pairing = new Pairing({ store: open.databases.gateway.pairing, clock, log: silentLog })
  const authorize = createAuthorize({ policyOf: (platform) => accessPolicyOf(settings, platform), pairing, botLoops: new BotLoops(clock), denials, log })
  return {
    clock,
    pairing,
    denials,
    lines,
    authorize: (
      message: Partial<InboundMessage> & {
        readonly from?: string
        readonly bot?: boolean
        readonly roles?: readonly string[]
        readonly name?: string
        readonly chat?: string
      },
    ) => {
      const { from = 'ada', bot, roles, name, chat = 'chat', ...rest } = message
      return authorize({
        address: { platform: 'twin', account: 'us', chatId: chat, threadId: '' },
        kind: 'direct',
        messageId: 'm',
        sender: { id: from, ...(bot && { isBot: true }), ...(roles && { roles }), ...(name && { name }) },
        text: 'hello',
        attachments: [],
        mentionsUs: false,
        sentAt: 0,
        ...rest,
      })
    },
    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  }
}

const IN_GROUP = { kind: 'group', mentionsUs: true } as const

describe('authorisation', () => {
  it('lets nobody in who is not named', async () => {
    await using door = await openDoor()
    expect(await door.authorize({})).toMatchObject({ kind: 'refused', reason: 'unknown_sender' })
    expect(await door.authorize(IN_GROUP)).toEqual({ kind: 'refused', reason: 'unknown_sender' })
    expect(await door.authorize({ from: '' })).toEqual({ kind: 'refused', reason: 'no_sender' })
  })

  it('lets in whom the settings name, by the variables that Hermes has', async () => {
    await using door = await openDoor({
      TWIN_ALLOWED_USERS: 'ada,bob',
      GATEWAY_ALLOWED_USERS: 'cid',
      TWIN_GROUP_ALLOWED_CHATS: 'lounge',
      TWIN_ALLOWED_ROLES: 'crew',
    })
    for (const from of ['ada', 'bob', 'cid']) expect(await door.authorize({ from }), from).toMatchObject({ kind: 'allowed' })
    expect(await door.authorize({ ...IN_GROUP, from: 'eve', chat: 'lounge' })).toEqual({ kind: 'allowed', tier: 'user' })
    expect(await door.authorize({ ...IN_GROUP, from: 'eve', roles: ['crew'] })).toEqual({ kind: 'allowed', tier: 'user' })
    expect(await door.authorize({ ...IN_GROUP, from: 'eve', roles: ['cook'] })).toMatchObject({ kind: 'refused' })
  })

  it('goes by ids: names are chosen by their bearers', async () => {
    await using door = await openDoor({ TWIN_ALLOWED_USERS: 'ada' })
    for (const name of ['ada', 'Ada']) expect(await door.authorize({ from: 'eve', name })).toMatchObject({ kind: 'refused' })
    for (const from of ['ADA', 'ada ', 'ada,eve']) expect(await door.authorize({ from }), from).toMatchObject({ kind: 'refused' })
  })

  it('opens a platform by its own setting only, never by a star', async () => {
    for (const name of ['TWIN_ALLOWED_USERS', 'TWIN_GROUP_ALLOWED_CHATS', 'TWIN_ADMIN_USERS', 'GATEWAY_ALLOWED_USERS'])
      await expect(load({ [name]: 'ada, *' }), name).rejects.toThrow(/not \*, for which there is \w+_ALLOW_ALL_USERS/)
    for (const name of ['TWIN_ALLOW_ALL_USERS', 'GATEWAY_ALLOW_ALL_USERS']) {
      await using door = await openDoor({ [name]: 'true' })
      expect(await door.authorize({ from: 'eve' })).toEqual({ kind: 'allowed', tier: 'user' })
      expect(await door.authorize({ from: '' })).toMatchObject({ kind: 'refused', reason: 'no_sender' })
    }
  })

  it('makes admins of those who are named as such, else of those who are known one by one', async () => {
    await using some = await openDoor({ TWIN_ALLOWED_USERS: 'ada', TWIN_ADMIN_USERS: 'root' })
    expect(await some.authorize({ from: 'ada' })).toEqual({ kind: 'allowed', tier: 'user' })
    expect(await some.authorize({ from: 'root' })).toEqual({ kind: 'allowed', tier: 'admin' })
  })

  it('makes admins of the known where none are named, and never of a crowd or a bot', async () => {
    await using door = await openDoor({ TWIN_ALLOWED_USERS: 'ada,robot', TWIN_ALLOW_ALL_USERS: 'yes', TWIN_ALLOW_BOTS: 'all' })
    expect(await door.authorize({ from: 'ada' })).toEqual({ kind: 'allowed', tier: 'admin' })
    expect(await door.authorize({ from: 'eve' })).toEqual({ kind: 'allowed', tier: 'user' })
    expect(await door.authorize({ from: 'robot', bot: true })).toEqual({ kind: 'allowed', tier: 'user' })
  })

  it('answers in groups when the platform says that we are meant, whatever a text says', async () => {
    await using door = await openDoor({ TWIN_ALLOWED_USERS: 'ada' })
    for (const text of ['@us hello', '@talaria hello', '<@us>', '/help@us', 'us: hello']) {
      for (const kind of ['group', 'channel', 'thread'] as const)
        expect(await door.authorize({ kind, text })).toEqual({ kind: 'ignored', reason: 'not_mentioned' })
    }
    expect(await door.authorize({ ...IN_GROUP })).toMatchObject({ kind: 'allowed' })
    expect(await door.authorize({ kind: 'group', replyTo: { messageId: 'x', isOurs: true } })).toMatchObject({ kind: 'allowed' })
    expect(await door.authorize({ kind: 'group', replyTo: { messageId: 'x', text: 'we said' } })).toMatchObject({ kind: 'ignored' })
    expect(await door.authorize({ ...IN_GROUP, from: 'eve' })).toMatchObject({ kind: 'refused' })
  })

  it('answers in groups without being mentioned where that is set', async () => {
    await using door = await openDoor({ TWIN_ALLOWED_USERS: 'ada', TWIN_REQUIRE_MENTION: 'false' })
    expect(await door.authorize({ kind: 'group' })).toMatchObject({ kind: 'allowed' })
    expect(await door.authorize({ kind: 'group', from: 'eve' })).toMatchObject({ kind: 'refused' })
  })

  it('lets bots in only where that is set, and only those that are allowed', async () => {
    await using none = await openDoor({ TWIN_ALLOWED_USERS: 'robot' })
    expect(await none.authorize({ from: 'robot', bot: true, mentionsUs: true })).toEqual({ kind: 'ignored', reason: 'bot' })
  })

  it('lets bots in that mention us, or all, where that is set', async () => {
    await using door = await openDoor({ TWIN_ALLOWED_USERS: 'robot', TWIN_ALLOW_BOTS: 'mentions' })
    expect(await door.authorize({ from: 'robot', bot: true })).toEqual({ kind: 'ignored', reason: 'bot' })
    expect(await door.authorize({ from: 'robot', bot: true, mentionsUs: true })).toMatchObject({ kind: 'allowed' })
    const stranger = await door.authorize({ from: 'other', bot: true, mentionsUs: true })
    expect(stranger).toEqual({ kind: 'refused', reason: 'unknown_sender' })
  })

  it('ends what two bots say to each other, until a person speaks or an hour is over', async () => {
    await using door = await openDoor({ TWIN_ALLOWED_USERS: 'robot,ada', TWIN_ALLOW_BOTS: 'all' })
    const kinds = async (count: number, chat = 'chat') => {
      const verdicts = []
      for (let i = 0; i < count; i++) verdicts.push((await door.authorize({ from: 'robot', bot: true, chat })).kind)
      return verdicts.filter((kind) => kind === 'allowed').length
    }
    expect(await kinds(100)).toBe(10)
    expect(await kinds(1, 'elsewhere')).toBe(1)
    await door.authorize({ from: 'ada' })
    expect(await kinds(100)).toBe(10)
    await door.clock.advance(3_600_000)
    expect(await kinds(100)).toBe(10)
    expect(door.denials.rows()).toContainEqual({ platform: 'twin', reason: 'bot_loop', count: 270 })
  })

  it('shows a stranger a code in a direct chat, and lets them in once it is approved', async () => {
    await using door = await openDoor()
    const refused = await door.authorize({ from: 'eve' })
    const code = /code is ([A-Z2-9]{8})/.exec('answer' in refused ? (refused.answer ?? '') : '')![1]!
    expect(await door.authorize({ from: 'eve' })).toEqual({ kind: 'refused', reason: 'unknown_sender' })
    await door.pairing.approve('twin', code)
    expect(await door.authorize({ from: 'eve' })).toEqual({ kind: 'allowed', tier: 'admin' })
    await door.pairing.revoke('twin', 'eve')
    expect(await door.authorize({ from: 'eve' })).toMatchObject({ kind: 'refused' })
  })

  it('shows no code where the answer would go to whoever a forger names', async () => {
    await using door = await openDoor()
    const address = { platform: 'email', account: 'us', chatId: 'eve@example.org', threadId: '' }
    expect(await door.authorize({ from: 'eve@example.org', address })).toEqual({ kind: 'refused', reason: 'unknown_sender' })
  })

  it('lets in what a platform vouches for, with the rights of a user', async () => {
    await using door = await openDoor()
    expect(await door.authorize({ from: '', isVouchedFor: true })).toEqual({ kind: 'allowed', tier: 'user' })
  })

  it('counts every denial, and logs a storm of them in a few lines', async () => {
    await using door = await openDoor()
    for (let i = 0; i < 200; i++) await door.authorize({ ...IN_GROUP, from: 'eve' })
    for (let i = 0; i < 50; i++) await door.authorize({ kind: 'group', from: 'eve' })
    expect(door.denials.rows()).toEqual([
      { platform: 'twin', reason: 'unknown_sender', count: 200 },
      { platform: 'twin', reason: 'not_mentioned', count: 50 },
    ])
    expect(door.lines.length).toBeLessThanOrEqual(12)
    expect(door.lines[0]).toContain('a message was not let in')
    expect(door.lines.join()).not.toContain('hello')
  })
})
