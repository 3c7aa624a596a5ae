import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { KEY, openTestCommands } from '../../test/open-test-commands.ts'
import { routeChoicesOf } from './route-choices.ts'

checkForLeaks()

const ADDRESS = { platform: 'twin', account: 'bot', chatId: 'chat', threadId: '' }

describe('commands that choose', () => {
  it('list the models and choose one for the chat', async () => {
    await using test = await openTestCommands()
    await test.say('hello')
    const settings = async () => (await test.stores.chats.get(ADDRESS))?.settings
    expect((await test.type('/model')).text).toContain('- deep (scripted/deep)')
    expect((await test.type('/model deep')).text).toBe('deep answers from now on.')
    expect(await settings()).toMatchObject({ model: 'deep' })
    expect((await test.type('/model list')).text).toContain('- deep (scripted/deep), chosen')
    expect((await test.type('/status')).text).toContain('Model: deep.')
    expect((await test.type('/model gpt-99')).text).toContain("There is no model 'gpt-99'")
    expect((await test.type('/model scripted/fast')).text).toBe('fast answers from now on.')
    await test.type('/model default')
    expect(await settings()).toMatchObject({ model: null })
  })

  it('choose a personality of the settings, or none', async () => {
    await using test = await openTestCommands()
    const chosen = async () => (await test.stores.chats.get(ADDRESS))?.settings.personality
    expect((await test.type('/personality Pirate')).text).toBe('pirate from now on.')
    expect(await chosen()).toBe('pirate')
    expect((await test.type('/personality')).text).toContain('- pirate, chosen')
    expect((await test.type('/personality constructor')).text).toContain('There is no personality')
    await test.type('/personality none')
    expect(await chosen()).toBeNull()
  })

  it('choose what a message does meanwhile', async () => {
    await using test = await openTestCommands()
    expect((await test.type('/busy')).text).toContain('up to the settings')
    expect((await test.type('/busy steer')).text).toBe('A message that comes meanwhile is passed on to the answer (steer).')
    expect(await test.stores.chats.get(ADDRESS)).toMatchObject({ settings: { busyMode: 'steer' } })
    expect((await test.type('/busy default')).text).toContain('up to the settings')
  })

  it('choose when a new conversation begins by itself, and show it in the status', async () => {
    await using test = await openTestCommands()
    const chosen = async () => (await test.stores.chats.get(ADDRESS))?.settings.reset
    expect((await test.type('/reset-policy')).text).toContain('up to the settings')
    expect((await test.type('/reset-policy idle 2h, daily 04:30')).text).toBe('A new conversation begins after 2 h without a message, and every day at 04:30.')
    expect(await chosen()).toEqual({ idleMinutes: 120, dailyAtMinute: 270 })
    expect((await test.type('/status')).text).toContain('A new conversation begins after 2 h')
    expect((await test.type('/reset_policy weekly')).text).toContain('That is no policy.')
    expect((await test.type('/reset-policy manual')).text).toBe('A conversation goes on until somebody begins a new one.')
    expect(await chosen()).toEqual({})
    await test.type('/reset-policy default')
    expect(await chosen()).toBeNull()
    expect((await test.type('/status')).text).not.toContain('A conversation goes on')
  })

  it('choose for one conversation, and not for those of others in the chat', async () => {
    await using test = await openTestCommands()
    await test.say('hello')
    await test.say('hello', { user: 'eve' })
    expect((await test.type('/yolo')).text).toContain('without asking')
    expect((await test.type('/reasoning high')).text).toBe('The model thinks as much as "high" says.')
    expect((await test.type('/footer on')).text).toBe('The footer is on.')
    expect(routeChoicesOf((await test.stores.routes.find(KEY()))!)).toEqual({ yolo: true, reasoningEffort: 'high', footer: true })
    expect((await test.type('/status')).text).toMatch(/Tools run without asking \(yolo\)\.\n[^]*Reasoning: high\.\nThe footer is on\./)
    expect((await test.type('/status', { user: 'eve' })).text).not.toContain('yolo')
    await test.type('/yolo')
    await test.type('/reasoning default')
    await test.type('/footer off')
    expect(routeChoicesOf((await test.stores.routes.find(KEY()))!)).toEqual({})
  })

  it('make a chat the home of its platform, and no more', async () => {
    await using test = await openTestCommands()
    await test.type('/sethome')
    expect(await test.stores.chats.home('twin')).toMatchObject({ address: ADDRESS })
    expect((await test.type('/status')).text).toContain('This chat is home.')
    await test.type('/sethome off')
    expect(await test.stores.chats.home('twin')).toBeUndefined()
  })
})

describe('choices that a route holds', () => {
  it('are read one by one: a wrong one takes no other with it', () => {
    expect(routeChoicesOf({ settings: { yolo: 'yes', footer: true, reasoningEffort: 'much', other: 1 } })).toEqual({ footer: true })
  })
})
