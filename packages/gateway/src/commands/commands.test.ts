import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { openTestCommands } from '../../test/open-test-commands.ts'
import { TestAgent } from '../../test/test-agent.ts'
import { NOT_APPLICABLE } from './not-applicable.ts'
import { COMMANDS } from './registry.ts'

checkForLeaks()

describe('commands', () => {
  it('are told from messages, and from what a stranger wrote into a webhook', async () => {
    await using test = await openTestCommands()
    expect(await test.dispatch('hello /help')).toBeUndefined()
    expect(await test.dispatch('/restart', { isVouchedFor: true })).toBeUndefined()
    expect((await test.type('/version')).text).toBe('Talaria 1.2.3')
  })

  it('that nobody knows are answered with the closest one', async () => {
    await using test = await openTestCommands()
    expect((await test.type('/stats')).text).toContain('Did you mean /status?')
    expect((await test.type('!sttop', { prefix: '!' })).text).toContain('Did you mean !stop?')
    expect((await test.type('/xyzzyplugh')).text).not.toContain('Did you mean')
    expect((await test.type('/constructor')).text).toContain('There is no command')
  })

  it('of Hermes that do nothing here say why', async () => {
    await using test = await openTestCommands()
    for (const { name, aliases, reason } of NOT_APPLICABLE)
      for (const typed of [name, ...aliases]) expect((await test.type(`/${typed} x`)).text).toContain(reason)
  })

  it('have one name each', () => {
    const names = [...COMMANDS, ...NOT_APPLICABLE].flatMap(({ name, aliases }) => [name, ...aliases])
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })

  it('for admins are refused to everybody else, whatever they are typed with', async () => {
    await using test = await openTestCommands({ restart: () => expect.unreachable() })
    const admins = COMMANDS.filter(({ tier }) => tier === 'admin')
    expect(admins.map(({ name }) => name)).toEqual(expect.arrayContaining(['platform', 'cron', 'pause', 'restart', 'yolo', 'sethome', 'debug']))
    for (const { name } of admins)
      for (const line of ['', ' on', ' off', ' list']) expect((await test.type(`/${name}${line}`, { tier: 'user' })).text).toBe(`/${name} is for admins.`)
    expect((await test.type('/help', { tier: 'user' })).text).not.toContain('/restart')
    expect((await test.type('/whoami', { tier: 'user' })).text).toContain('twin user ada')
  })

  it('show how they are written when they are written otherwise', async () => {
    await using test = await openTestCommands()
    expect((await test.type('/undo many')).text).toBe('That is not how it is written: /undo [count]')
    expect((await test.type('/steer')).text).toBe('That is not how it is written: /steer <text…>')
  })

  it('that change the past wait for the answer that is being written', async () => {
    await using test = await openTestCommands({ agent: new TestAgent() })
    await test.ask('one')
    await test.agent.next()
    for (const { name } of COMMANDS.filter(({ whileBusy }) => !whileBusy))
      expect((await test.type(`/${name} ${name === 'resume' ? 'x' : ''}`)).text, name).toContain('Not while an answer')
    expect((await test.type('/stop')).text).toBe('Stopped.')
  })

  it('say that they failed and under which number, and nothing of what it was', async () => {
    await using test = await openTestCommands({ cron: { ...cron, list: () => Promise.reject(new Error('password=hunter2')) } })
    const { text } = await test.type('/cron')
    expect(text).toMatch(/^That failed \(server_error, err_\w+\)\.$/)
  })

  it('show help for all and for one', async () => {
    await using test = await openTestCommands()
    const [help, list] = [(await test.type('/help')).text, (await test.type('/commands')).text]
    for (const { name, help: sentence } of COMMANDS) {
      expect(help).toContain(`/${name}`)
      expect(list).toContain(sentence)
    }
    expect((await test.type('/help fork')).text).toBe(
      '/branch [title…]\nGo on in a copy of this conversation, so that the original stays as it is.\nAlso: /fork',
    )
    expect((await test.type('/help me')).text).toContain('There is no command /me')
    expect((await test.type('/start')).text).toContain('/help')
  })
})

const cron = { list: async () => [], add: async () => '', run: async () => false, pause: async () => false, resume: async () => false }
